/** The runbooks that can be started, with a line for help texts. Apart from runbooks.ts, so that help need not load Temporal. */
export const RUNBOOK_WORDS = {
  emergencyFailover: 'the primary is dead: fence it, promote the replica that holds everything, send writes there',
  plannedSwitchover:
    'the primary is well and moves on purpose, now, --at a time or in a --window: --to db2, or the best replica is taken',
  failoverDrill:
    'a failover, rehearsed and measured: the primary moves, or is killed, and comes back; without --cluster the one drilled longest ago',
  rejoinInstance: 'a server comes back and follows the primary again: --input \'{"instance": "db1"}\'',
  upgradeCluster:
    'the release changes, with a way back: --to 8.4; days long, asks before the switch and before retiring; runbook go-back',
} as const;

export type RunbookName = keyof typeof RUNBOOK_WORDS;

export const runbookHelp = (): string =>
  ['', 'Runbooks:', ...Object.entries(RUNBOOK_WORDS).map(([name, says]) => `  ${name.padEnd(20)} ${says}`)].join('\n');
