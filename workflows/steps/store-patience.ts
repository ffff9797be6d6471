import { type Runbook, failureCode, failureWords } from './runbook';

const AGAIN_AFTER_MS = 60_000;
/** Longer than a night: somebody is told of it in the meantime. */
const PATIENCE_MS = 24 * 3_600_000;

/**
 * A store that does not answer is waited for, and whoever is told of runs hears of it at once, and that it is over. What was begun is begun again: nothing half is in the
 * store. After a day the run ends with the store's sentence.
 */
export async function whileStoreIsAway<Result>(
  book: Runbook,
  phase: string,
  work: () => Promise<Result>,
): Promise<Result> {
  let since: number | null = null;
  for (;;) {
    try {
      const result = await work();
      if (since !== null) book.announce('the store answers again');
      return result;
    } catch (error) {
      if (failureCode(error) !== 'STORE_UNREACHABLE') throw error;
      // A part of a run is told when it is over: nobody would hear of this one in time.
      if (since === null) book.announce(`waits for the store: ${failureWords(error)} It is tried again every minute`);
      since ??= Date.now();
      if (Date.now() - since > PATIENCE_MS) throw error;
      book.phase('store away', `${failureWords(error)} It is tried again every minute`);
      await book.rest(Date.now() + AGAIN_AFTER_MS);
      book.phase(phase, 'the store is tried again');
    }
  }
}
