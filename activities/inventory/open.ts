import { stat } from 'node:fs/promises';
import { RunbookError } from '../errors';
import { type Inventory, loadInventory } from './inventory';

/** What the inventory says now. `problem` is set while the newest file cannot be used and an older reading stands in for it. */
export interface Reading {
  readonly inventory: Inventory;
  readonly problem: RunbookError | null;
}

export interface OpenInventory {
  /** Reads the file again when it changed since the last call; never throws. */
  current(): Promise<Reading>;
}

/**
 * An inventory for long-lived workers. A saved mistake must not blind a watcher in the night, so the last good reading stays
 * in force and the mistake is reported beside it. Without a file watcher: editors replace files, and network folders send no events.
 * Throws INVENTORY_INVALID when the file is bad at the first look already.
 */
export async function openInventory(path: string): Promise<OpenInventory> {
  // The mark is taken before the reading: a save between the two is then seen by the next call.
  let mark = await markOf(path);
  let reading: Reading = { inventory: await loadInventory(path), problem: null };

  const readAgain = async (): Promise<Reading> => {
    const seen = await markOf(path);
    if (seen === mark) return reading;
    mark = seen;
    reading = await loadInventory(path).then(
      (inventory) => ({ inventory, problem: null }),
      (error: unknown) => ({ inventory: reading.inventory, problem: problemOf(error, path) }),
    );
    return reading;
  };

  // One after the other: two callers at once must not read twice, or see an older text after a newer one.
  let queue: Promise<unknown> = Promise.resolve();
  return {
    current: () => {
      const next = queue.then(readAgain);
      queue = next;
      return next;
    },
  };
}

/** Changes whenever the file is written or replaced; 'missing' while it is not there. */
async function markOf(path: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(path, { bigint: true });
    return `${mtimeNs}/${size}/${ino}`;
  } catch {
    return 'missing';
  }
}

const problemOf = (error: unknown, path: string): RunbookError =>
  error instanceof RunbookError
    ? error
    : new RunbookError({
        code: 'INTERNAL',
        message: `reading the inventory ${path} failed in an unforeseen way`,
        hint: 'Run `runbook inventory check`, and report what it prints.',
        cause: error,
      });
