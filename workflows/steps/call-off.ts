import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { type RunbookReport } from '../decisions/report';
import { keep } from './keep';
import { type Runbook } from './runbook';

/** Who cancels a run before it has changed anything gets a report that says so. What must not be broken off shields itself. */
export async function unlessCalledOff(book: Runbook, work: () => Promise<RunbookReport>): Promise<RunbookReport> {
  try {
    return await work();
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return CancellationScope.nonCancellable(() => keep(book.close('rejected', 'Called off, nothing was changed')));
  }
}
