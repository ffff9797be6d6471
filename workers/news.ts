import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type InjectedSinks } from '@temporalio/worker';
import { channelNames } from '../activities/notify/channels';
import { type Inventory } from '../activities/inventory/inventory';
import { newsSignal, notifyId, TASK_QUEUE } from '../workflows/messages';
import { type NewsSinks } from '../workflows/steps/tell';

const START_WITHIN_MS = 5_000;

/**
 * What a run says through its sink reaches the workflow that tells of it, which is started by the first word. The run waits for none of
 * this. A word that is lost with its worker is made up for by the next one, and by that workflow's own looks.
 */
export const newsOf = (
  client: Client,
  inventory: () => Promise<Pick<Inventory, 'notifications' | 'slack'>>,
  onFailure: (error: unknown) => void,
): InjectedSinks<NewsSinks> => ({
  news: {
    of: {
      fn({ workflowId, runId }, cluster) {
        void wake(client, inventory, { workflowId, run: runId, cluster }).catch((error: unknown) => {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) onFailure(error);
        });
      },
    },
  },
});

async function wake(
  client: Client,
  inventory: () => Promise<Pick<Inventory, 'notifications' | 'slack'>>,
  order: { readonly cluster: string; readonly workflowId: string; readonly run: string },
): Promise<void> {
  if (channelNames(await inventory(), order.cluster).length === 0) return;
  await client.withDeadline(Date.now() + START_WITHIN_MS, () =>
    client.workflow.signalWithStart('notifyRun', {
      workflowId: notifyId(order.workflowId, order.run),
      taskQueue: TASK_QUEUE,
      args: [order],
      signal: newsSignal,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `Who is told of the run ${order.run.slice(0, 8)} of ${order.cluster}`,
    }),
  );
}
