import { ApplicationFailure } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';

export { emergencyFailover } from './emergency-failover';
export { failoverPermits } from './failover-permits';
export { notifyRun } from './notify-run';
export { plannedSwitchover } from './planned-switchover';
export { failoverDrill } from './failover-drill';
export { rejoinInstance } from './rejoin-instance';
export { scheduledRun } from './scheduled-run';
export { upgradeCluster } from './upgrade-cluster';
export { watchCluster } from './watch-cluster';

const KNOWN = [
  'emergencyFailover',
  'failoverDrill',
  'plannedSwitchover',
  'rejoinInstance',
  'scheduledRun',
  'upgradeCluster',
  'watchCluster',
];

/** Any other name that somebody types in the Web UI. Without this, a typo would stay "running" for ever. */
export default function unknownRunbook(): Promise<never> {
  throw ApplicationFailure.create({
    type: 'INVALID_INPUT',
    nonRetryable: true,
    message: `There is no runbook "${workflowInfo().workflowType}". Known: ${KNOWN.join(', ')} (upper and lower case matter).`,
  });
}
