import { RunbookError } from '../../activities/errors';

/** Tries again what may be mended by another attempt, as Temporal does: on a busy machine the first may be too slow to claim anything. */
export async function attempted<Result>(work: (attempt: number) => Promise<Result>, from = 1): Promise<Result> {
  for (let attempt = from; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!(error instanceof RunbookError) || error.family !== 'not yet' || attempt > from + 20) throw error;
    }
  }
}
