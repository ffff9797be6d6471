import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { type RunbookReport } from '../decisions/report';
import { keep } from './keep';
import { type Runbook } from './runbook';

/**
 * Whoever calls a run off (the update `cancel`, or Temporal's own cancellation) before it has changed anything gets a report that says
 * so. What must not be broken off, and what has to be undone, shields itself. `before`: what else is to be given back.
 */
export async function unlessCalledOff(
  book: Runbook,
  work: () => Promise<RunbookReport>,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<RunbookReport> {
  const scope = new CancellationScope();
  book.onCancel(() => scope.cancel());
  try {
    return await scope.run(work);
  } catch (error) {
    if (!isCancellation(error)) throw spokenPlainly(error);
    return CancellationScope.nonCancellable(async () => {
      await before();
      return keep(book.close('rejected', `Called off${byWhom(book)}, nothing was changed`));
    });
  }
}

/** ` by ada: too early`; '' where Temporal's own cancellation names nobody. */
export function byWhom(book: Runbook): string {
  const who = book.calledOff();
  return who === null ? '' : ` by ${who}`;
}

/** The sentence of the step that failed stands first on the run's page, not Temporal's "Activity task failed". */
const spokenPlainly = (error: unknown): unknown =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : error;
