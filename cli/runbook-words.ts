/** The runbooks that can be started, with a line for help texts. Apart from runbooks.ts, so that help need not load Temporal. */
export const RUNBOOK_WORDS = {
  emergencyFailover: 'the primary is dead: fence it, promote the replica that holds everything, send writes there',
  plannedSwitchover:
    'the primary is well and moves on purpose, now, --at a time or in a --window: --to db2, or the best replica is taken',
  failoverDrill:
    'a failover, rehearsed and measured: the primary moves, or is killed, and comes back; without --cluster the one drilled longest ago',
  purgeBinlogs:
    'binary logs that no replica, backup promise or archive needs any more go; `runbook plan` says what holds the rest back',
  restoreToPoint:
    'a table that was dropped, any second of the past: --input \'{"before": "GTID", "tables": ["shop.orders"], "into": "file"}\'',
  rejoinInstance: 'a server comes back and follows the primary again: --input \'{"instance": "db1"}\'',
  provisionReplica: 'a server is filled anew from a replica and follows the primary: --input \'{"instance": "db4"}\'',
  backUp: 'a backup of one moment, from a replica, whole in the store or not there',
  verifyBackup:
    'the newest backup, or --input \'{"backup": "ID"}\', is restored into a scratch server, checked and compared',
  upgradeCluster:
    'the release changes, with a way back: --to 8.4; days long, asks before the switch and before retiring; runbook go-back',
} as const;

export type RunbookName = keyof typeof RUNBOOK_WORDS;

export const runbookHelp = (): string =>
  ['', 'Runbooks:', ...Object.entries(RUNBOOK_WORDS).map(([name, says]) => `  ${name.padEnd(20)} ${says}`)].join('\n');
