import { HandlerUnfinishedPolicy } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';
import { alertResolvedSignal, type ResolvedAlert } from '../messages';
import { type Gate } from './approval';
import { type Runbook } from './runbook';

/**
 * An alert that is over is a hint, as one that fires: the run looks, and closes its question where nothing needs an answer any more.
 * Where nothing is asked (before, or past the point of no return) it is only noted.
 */
export function heedResolvedAlerts(book: Runbook, gate: Gate): void {
  setHandler(
    alertResolvedSignal,
    async (resolved: Partial<ResolvedAlert> | undefined) => {
      book.found.evidence.push(`${words(resolved?.source)} says that it is over: ${words(resolved?.alert)}`);
      await gate.doubt();
    },
    {
      description:
        'An alert is over: look at once whether the question still stands. Argument: {"source": "alertmanager", "alert": "…"}',
      unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON,
    },
  );
}

/** A signal may carry anything. */
const words = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 500) : 'somebody');
