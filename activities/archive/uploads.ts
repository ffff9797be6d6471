import { setTimeout as pause } from 'node:timers/promises';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { type Trouble } from '../../workflows/decisions/archive/troubles';
import { contains } from '../../workflows/decisions/gtid-set';
import { RunbookError } from '../errors';
import { words } from '../deps';
import { type Shelf } from './shelf';
import { type LocalFile, type Tier } from './tier';

const AGAIN_AFTER_MS = [500, 1_000, 2_000, 5_000, 10_000];

export interface Uploads {
  /** A finished file waits for its turn. */
  add(file: LocalFile): void;
  /** Not in the store yet. */
  readonly waiting: readonly LocalFile[];
  /** Gives back the room of the oldest file that is in the store, too; false = there is none. */
  makeRoom(): Promise<boolean>;
}

export interface UploadHooks {
  readonly checkpoint: (name: string) => void;
  readonly trouble: (trouble: Trouble | null) => void;
  readonly cancelled: AbortSignal;
}

/**
 * Brings finished files to the store, oldest first, again and again until it takes them; a file leaves the local tier only when the store
 * has it whole, with its document, and for `keepMs` longer.
 */
export function startUploads(
  tier: Tier,
  shelf: () => Promise<Shelf>,
  { keepMs, ...hooks }: UploadHooks & { readonly keepMs: number },
  found: readonly LocalFile[],
): Uploads & { readonly ended: Promise<void> } {
  const waiting = found.filter(({ stored }) => !stored);
  const kept = found.filter(({ stored }) => stored);
  let failed = 0;

  const bringNext = async (): Promise<void> => {
    const [next] = waiting;
    if (!next) return;
    try {
      hooks.checkpoint('archive:storing');
      if (!(found.includes(next) && (await isStored(next)))) await (await shelf()).keep(next);
      hooks.checkpoint('archive:stored');
      kept.push(await tier.markStored(next));
      waiting.shift();
      failed = 0;
      hooks.trouble(null);
    } catch (error) {
      failed += 1;
      hooks.trouble({
        kind: 'store',
        id: 'store',
        sentence: `the store does not take archived binary logs: ${words(error)}; ${waiting.length} files wait on this machine`,
        cure: error instanceof RunbookError ? error.hint : 'Look at the store.',
      });
      await rest(AGAIN_AFTER_MS[Math.min(failed, AGAIN_AFTER_MS.length) - 1] ?? 10_000);
    }
  };
  /** While this machine was away, another has archived the same. */
  const isStored = async ({ gtids }: LocalFile): Promise<boolean> =>
    contains(gtidsOf((await (await shelf()).coverage()).files), gtids);
  const forget = async (): Promise<void> => {
    const [oldest] = kept;
    if (!oldest || Date.now() - oldest.closedMs < keepMs) return;
    kept.shift();
    await tier.remove(oldest);
  };
  const rest = (ms: number): Promise<void> => pause(ms, undefined, { signal: hooks.cancelled }).catch(() => undefined);

  const run = async (): Promise<void> => {
    while (!hooks.cancelled.aborted) {
      await bringNext();
      await forget();
      if (waiting.length === 0) await rest(200);
    }
  };
  return {
    ended: run(),
    waiting,
    add: (file) => void waiting.push(file),
    async makeRoom() {
      const oldest = kept.shift();
      if (oldest) await tier.remove(oldest);
      return oldest !== undefined;
    },
  };
}
