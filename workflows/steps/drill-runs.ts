import { sleep } from '@temporalio/workflow';
import { type RunbookReport } from '../decisions/report';
import { underLock } from './lock';
import { type Drilling } from './rehearsal';
import { failureCode, failureWords, type Runbook } from './runbook';

/** How a runbook ended that the drill has started: its report, or why it has none. */
export type RunEnd = Pick<RunbookReport, 'outcome' | 'headline' | 'newPrimary' | 'left'>;

/** Who asked for the drill has asked for its parts. */
export const asOrdered = ({ requestedBy, trigger }: Drilling, { run }: Runbook) => ({
  ...{ requestedBy, trigger },
  reason: `drill ${run}`,
});

const TRIES = 4;

/** Run a runbook under the cluster's lock. One that is refused, or that another holds up, is tried again a few times: positions settle. */
export async function carryOut(
  book: Runbook,
  title: string,
  runbook: string,
  input: { readonly cluster: string; readonly [more: string]: unknown },
): Promise<RunEnd> {
  for (let tries = 1; ; tries += 1) {
    const end = await book.step(
      title,
      () => underLock<RunbookReport>(runbook, input.cluster, input).catch(asEnd),
      ({ outcome, headline }) => `${outcome}: ${headline}`,
    );
    if (end.outcome !== 'refused' || tries >= TRIES) return end;
    await sleep('3 s');
  }
}

function asEnd(error: unknown): RunEnd {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return {
    outcome: failureCode(cause) === 'CHANGE_IN_PROGRESS' ? 'refused' : 'failed',
    headline: failureWords(cause),
    newPrimary: null,
    left: [],
  };
}
