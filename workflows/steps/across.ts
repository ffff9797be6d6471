import { ApplicationFailure } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import { type SwitchoverOrder } from '../inputs';
import { upgradeId } from '../messages';

/**
 * An older server below a newer one is no replication that MySQL supports: only an upgrade may order it, which watches it and ends it.
 * What started this run tells who ordered it, and nobody else can be that workflow.
 */
export function refuseUnlessUpgrade({ cluster, across }: SwitchoverOrder): void {
  if (!across || workflowInfo().parent?.workflowId === upgradeId(cluster)) return;
  throw ApplicationFailure.create({
    type: 'INVALID_INPUT',
    nonRetryable: true,
    message: `plannedSwitchover takes "across" from upgradeCluster alone, which keeps and watches the way back: runbook start upgradeCluster --cluster ${cluster}`,
  });
}
