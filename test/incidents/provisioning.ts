import { type WorkflowHandle } from '@temporalio/client';
import { type Lab } from '../../lab';
import { type RunbookReport } from '../../workflows/decisions/report';
import { progressQuery, provisionId, type RunProgress, TASK_QUEUE } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { type Incident } from './incident';
import { editInventory } from './drilling';

/** What is filled, and more of the order. */
type Filled = { readonly instance: string } & Record<string, unknown>;

type Scene = Pick<Incident, 'client' | 'lab'>;

/** Begins a filling as a person would, and does not wait for it. */
export const beginFilling = ({ client, lab }: Scene, input: Filled): Promise<WorkflowHandle> =>
  client.workflow.start('provisionReplica', {
    workflowId: provisionId(lab.cluster, input.instance),
    taskQueue: TASK_QUEUE,
    args: [{ cluster: lab.cluster, requestedBy: 'tester@example.com', reason: 'test', ...input }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout: '3 s',
  });

export const provision = async (scene: Scene, input: Filled): Promise<RunbookReport> =>
  (await beginFilling(scene, input)).result() as Promise<RunbookReport>;

export const fillingSays = (run: WorkflowHandle, until: (progress: RunProgress) => boolean): Promise<RunProgress> =>
  eventually(
    'the run says what is waited for',
    async () => {
      const progress = await run.query<RunProgress>(progressQuery.name);
      if (progress.outcome !== null && !until(progress)) throw new Error(`it ended: ${progress.headline}`);
      return until(progress) && progress;
    },
    60_000,
  );

/** Copying is slow enough to be met in the middle, and reads come at once. */
export const declareProvisioning = (lab: Lab, policy: object = {}): void =>
  editInventory(lab, ({ clusters }) =>
    Object.assign(clusters[lab.cluster]!, { provisioning: { rampSeconds: 0, ...policy } }),
  );

/** As a server that was only just installed: it has accounts, no data, no history. */
export async function emptied(lab: Lab, server: string): Promise<void> {
  for (const statement of [
    'STOP REPLICA',
    'RESET REPLICA ALL',
    'SET GLOBAL super_read_only = OFF',
    'SET GLOBAL read_only = OFF',
    'DROP DATABASE shop',
    'DROP DATABASE runbooks',
    'RESET BINARY LOGS AND GTIDS',
  ])
    await lab.rows(server, statement);
}

/** Rows that make a copy last for a moment. */
export async function grow(lab: Lab, megabytes: number): Promise<void> {
  await lab.rows('db1', 'CREATE TABLE shop.big (id INT PRIMARY KEY AUTO_INCREMENT, pad LONGBLOB)');
  for (let left = megabytes; left > 0; left -= 4)
    await lab.rows('db1', 'INSERT INTO shop.big (pad) VALUES (REPEAT(RANDOM_BYTES(1000), 4000))');
}
