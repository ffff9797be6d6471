import { newsOfTroubles, TOLD_AFTER_MS, type Trouble } from '../../workflows/decisions/archive/troubles';

/** The troubles of one archive as they come and go. */
export interface Troubles {
  /** It stands until it is over; its words may change. */
  stand(trouble: Trouble): void;
  over(kind: Trouble['kind']): void;
  /** What has lasted long enough to be told. */
  lasting(): Trouble[];
  /** Does that differ from what people were told? What is over is over when it has been so for a while. */
  news(told: readonly Trouble[]): boolean;
}

/** `told`: what stood when the activity before this one ended, so that it stands until it is seen to be over. */
export function openTroubles(told: readonly Trouble[], now: () => number = Date.now): Troubles {
  const standing = new Map<string, Trouble & { readonly sinceMs: number }>();
  for (const trouble of told) standing.set(trouble.id, { ...trouble, sinceMs: 0 });
  const lasting = () =>
    [...standing.values()]
      .filter(({ kind, sinceMs }) => now() - sinceMs >= TOLD_AFTER_MS[kind])
      .map(({ kind, id, sentence, cure }): Trouble => ({ kind, id, sentence, cure }));
  return {
    stand: (trouble) =>
      void standing.set(trouble.id, { ...trouble, sinceMs: standing.get(trouble.id)?.sinceMs ?? now() }),
    over: (kind) => [...standing.values()].filter((one) => one.kind === kind).forEach(({ id }) => standing.delete(id)),
    lasting,
    news(before) {
      const { begun, over } = newsOfTroubles(before, lasting());
      return begun.length + over.length > 0;
    },
  };
}
