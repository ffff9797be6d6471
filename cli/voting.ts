import { createInterface } from 'node:readline/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { RunbookError } from '../activities/errors';
import { type Question } from '../workflows/decisions/question';
import { type Vote, type Word } from '../workflows/messages';
import { invalidInput } from './exit';
import { progressOf } from './follow';
import { renderShown } from './progress';
import { type RunSummary } from './runs';
import { type Door } from './temporal';

/** Throws INVALID_INPUT when the run asks nothing. */
export async function openQuestion(door: Door, run: RunSummary): Promise<Question> {
  if (run.status !== 'RUNNING')
    throw invalidInput(
      `${run.workflowId} has ended (${run.outcome || run.status})`,
      `See \`runbook report ${run.runId}\`.`,
    );
  const progress = await progressOf(door, door.client.workflow.getHandle(run.workflowId, run.runId));
  if (!progress) {
    throw new RunbookError({
      code: 'HOST_UNREACHABLE',
      message: `no worker answers for ${run.workflowId}, so what it asks cannot be shown`,
      hint: 'Start one with `runbook worker`, then answer again.',
    });
  }
  if (!progress.question)
    throw invalidInput(
      `${run.workflowId} asks nothing now: ${progress.headline}`,
      `See it with \`runbook status ${run.workflowId}\`.`,
    );
  return progress.question;
}

/**
 * The hash of the plan that the person has now seen and confirmed, or null for no. An approval binds to a plan, so without a
 * terminal the plan must be named: whoever approves from a script has to have looked at something.
 */
export async function confirm(question: Question, run: string): Promise<string | null> {
  if (!process.stdin.isTTY) {
    throw invalidInput(
      'the plan that you approve is not named',
      `Look at it with \`runbook status ${run} --no-follow\`, then add --plan HASH.`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const page = [
      question.text,
      ...question.because.map((because) => `  ${because}`),
      ...renderShown(question),
      `Plan ${question.planHash.slice(0, 8)}.`,
    ];
    const answer = await terminal.question(`${page.join('\n')}\nApprove it? Type yes: `);
    return answer.trim().toLowerCase() === 'yes' ? question.planHash : null;
  } finally {
    terminal.close();
  }
}

/** Returns the run's own sentence. Throws CHANGE_IN_PROGRESS with the run's words when it refuses the answer (exit code 3). */
export async function sendVote(
  door: Door,
  run: RunSummary,
  answer: 'approve' | 'reject' | 'breakGlass',
  vote: Vote,
): Promise<string> {
  return tell(door, run, answer, { ...vote, door: 'cli' });
}

/** One update of a run; its own sentence either way. */
export async function tell(door: Door, run: RunSummary, update: string, word: Vote | Word): Promise<string> {
  try {
    return await door.client.workflow
      .getHandle(run.workflowId, run.runId)
      .executeUpdate<string, [Vote | Word]>(update, { args: [word] });
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new RunbookError({
      code: 'CHANGE_IN_PROGRESS',
      message: `${update} does not count: ${(error.cause ?? error).message.replace(/\.$/, '')}`,
      hint: `Look again with \`runbook status ${run.workflowId}\`.`,
      cause: error,
    });
  }
}
