/** What keeps an archive from being what it promises. `id` tells one trouble from the next of its kind. */
export interface Trouble {
  readonly kind: 'gap' | 'source' | 'store' | 'folder';
  readonly id: string;
  readonly sentence: string;
  readonly cure: string;
}

export interface TroubleNews {
  readonly begun: readonly Trouble[];
  readonly over: readonly Trouble[];
}

/** What is new since people were told last. */
export function newsOfTroubles(told: readonly Trouble[], now: readonly Trouble[]): TroubleNews {
  const among = (all: readonly Trouble[]) => (one: Trouble) => all.some(({ id }) => id === one.id);
  return { begun: now.filter((one) => !among(told)(one)), over: told.filter((one) => !among(now)(one)) };
}

/** It is told when it has lasted for so long, so that a lost connection is no alarm; a gap is for ever and told at once. */
export const TOLD_AFTER_MS: Readonly<Record<Trouble['kind'], number>> = {
  gap: 0,
  folder: 0,
  source: 20_000,
  store: 20_000,
};
