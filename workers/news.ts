import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type InjectedSinks } from '@temporalio/worker';
import { channelNames } from '../activities/notify/channels';
import { type Inventory } from '../activities/inventory/inventory';
import { newsSignal, notifyId, TASK_QUEUE } from '../workflows/messages';
import { type NewsSinks } from '../workflows/steps/tell';

type Channels = Pick<Inventory, 'notifications' | 'slack'>;

interface Word {
  readonly cluster: string;
  readonly workflowId: string;
  readonly run: string;
}

/**
 * Telling takes processor time of the same worker and of Temporal (a workflow, queries, HTTPS): it begins when a failover is over, or so
 * much later than the run.
 */
const FIRST_AFTER_MS = 2_000;
/** Words that follow one another closely are passed on as one. */
const GATHER_MS = 500;
const PASS_ON_WITHIN_MS = 5_000;
/** Forgetting one makes its next word wait a little longer. */
const MOST_REMEMBERED = 1_000;

/**
 * What a run says through its sink reaches the workflow that tells of it, which is started by the first word that is passed on. The run
 * waits for none of this. A word that is lost with its worker is made up for by the next one, from whichever worker carries the run on.
 */
export function newsOf(
  client: Client,
  inventory: () => Promise<Channels>,
  onFailure: (error: unknown) => void,
): InjectedSinks<NewsSinks> {
  const waiting = new Map<string, NodeJS.Timeout>();
  const begun = new Set<string>();
  const passOn = (word: Word): void => {
    clearTimeout(waiting.get(word.run));
    waiting.delete(word.run);
    begun.add(word.run);
    const [oldest] = begun;
    if (begun.size > MOST_REMEMBERED && oldest !== undefined) begun.delete(oldest);
    wake(client, inventory, word).catch(onFailure);
  };
  const hear = (word: Word, over: boolean): void => {
    if (over) passOn(word);
    else if (!waiting.has(word.run)) {
      const afterMs = begun.has(word.run) ? GATHER_MS : FIRST_AFTER_MS;
      waiting.set(word.run, setTimeout(passOn, afterMs, word).unref());
    }
  };
  return {
    news: { of: { fn: ({ workflowId, runId }, cluster, over) => hear({ workflowId, run: runId, cluster }, over) } },
  };
}

async function wake(client: Client, inventory: () => Promise<Channels>, word: Word): Promise<void> {
  if (channelNames(await inventory(), word.cluster).length === 0) return;
  try {
    await client.withDeadline(Date.now() + PASS_ON_WITHIN_MS, () =>
      client.workflow.signalWithStart('notifyRun', {
        workflowId: notifyId(word.workflowId, word.run),
        taskQueue: TASK_QUEUE,
        args: [word],
        signal: newsSignal,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: `Who is told of the run ${word.run.slice(0, 8)} of ${word.cluster}`,
      }),
    );
  } catch (error) {
    // All was told, and this word was late.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
