import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId, EMERGENCY_TASK_QUEUE } from '../../workflows/messages';
import { type Incident } from './incident';

/** Start a planned switchover as a person would; resolves with its report. */
export const switchOver = (
  { client, lab }: Pick<Incident, 'client' | 'lab'>,
  input: object = {},
): Promise<RunbookReport> =>
  client.workflow.execute('plannedSwitchover', {
    workflowId: changeId(lab.cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster: lab.cluster, requestedBy: 'tester@example.com', reason: 'test', ...input }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout: '3 s',
  }) as Promise<RunbookReport>;
