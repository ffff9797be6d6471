import { ApplicationFailure } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';

export { attachReplica } from './attach-replica';
export { archiveAlarm } from './archive-alarm';
export { archiveBinlogs } from './archive-binlogs';
export { backUp } from './back-up';
export { emergencyFailover } from './emergency-failover';
export { failoverPermits } from './failover-permits';
export { notifyRun } from './notify-run';
export { plannedSwitchover } from './planned-switchover';
export { failoverDrill } from './failover-drill';
export { provisionReplica } from './provision-replica';
export { purgeBinlogs } from './purge-binlogs';
export { rejoinInstance } from './rejoin-instance';
export { restoreToPoint } from './restore-to-point';
export { scheduledRun } from './scheduled-run';
export { verifyBackup } from './verify-backup';
export { upgradeCluster } from './upgrade-cluster';
export { watchCluster } from './watch-cluster';

const KNOWN = [
  'archiveBinlogs',
  'backUp',
  'emergencyFailover',
  'failoverDrill',
  'plannedSwitchover',
  'provisionReplica',
  'purgeBinlogs',
  'rejoinInstance',
  'restoreToPoint',
  'scheduledRun',
  'upgradeCluster',
  'verifyBackup',
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
