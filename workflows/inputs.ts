import { ApplicationFailure } from '@temporalio/common';
import { config, z } from 'zod';
import { parseGtidSet } from './decisions/gtid-set';

// No code generation inside the replay sandbox; it is also faster for schemas that are used once.
config({ jitless: true });

/** Garbled text would throw later, in a place where a throw leaves the run hanging. */
function isGtidSet(text: string): boolean {
  try {
    parseGtidSet(text);
    return true;
  } catch {
    return false;
  }
}

export const gtidSet = z.string().refine(isGtidSet, 'expected a GTID set as the server prints it');

const lastSeen = z.strictObject({
  primary: z.string(),
  primaryUuid: z.string(),
  gtidExecuted: gtidSet,
  at: z.string(),
  committedAt: z.string().nullable(),
  semiSyncActive: z.boolean().nullable(),
  acknowledgers: z.array(z.string()).readonly(),
  waitForReplicaCount: z.number(),
  patientForMs: z.number().optional(),
  unacknowledged: z.number(),
  epoch: z.number().optional(),
});

export const cluster = z.string().min(1).describe('Name of the cluster in the inventory');

export const failoverOrder = z.strictObject({
  cluster,
  dryRun: z.boolean().default(false).describe('Only show the plan'),
  reason: z.string().max(500).default(''),
  requestedBy: z.string().max(200).default('unknown (started without a name)'),
  trigger: z.enum(['person', 'alert', 'schedule', 'watcher']).default('person'),
  /** What made the watcher start this run: sentences, and what it last saw of the primary. Filled by the watcher. */
  watcher: z.strictObject({ noticedAt: z.string(), because: z.string(), lastSeen: lastSeen.nullable() }).optional(),
});
export type FailoverOrder = z.output<typeof failoverOrder>;

/** Without its zone a time means another one on each machine. */
export const moment = (field: string) =>
  z.iso.datetime({
    offset: true,
    message: `expected a time with its zone, for example {"${field}":"2026-11-22T03:00:00+01:00"}`,
  });

const writeGapMs = z.number().int().min(100).max(10_000);

export const switchoverOrder = z.strictObject({
  cluster,
  to: z.string().min(1).optional().describe('The wanted primary; without it the best replica is taken'),
  datacentre: z.string().min(1).optional().describe('Only a replica of this datacentre'),
  dryRun: z.boolean().default(false).describe('Only show the plan'),
  at: moment('at').optional().describe('Begin then, after another look at everything'),
  window: z.boolean().default(false).describe('Begin inside a maintenance window of the cluster only'),
  lateMinutes: z.number().min(0).max(1_440).default(30).describe('So long after its time it may still begin'),
  /** Filled by a run that waited. */
  notAfter: moment('notAfter').optional().describe('Do not begin after this'),
  writeGapMs: writeGapMs.default(2_000).describe('Longer than this and everything is undone'),
  drainSeconds: z.number().int().min(0).max(86_400).default(60).describe('Wait so long for sessions in the way to end'),
  killHoldups: z.boolean().default(false).describe('End sessions that are still in the way then, before the freeze'),
  across: z
    .strictObject({ agreed: z.string().min(1).describe('Who agreed to it, in the run of the upgrade') })
    .optional()
    .describe(
      'The releases differ, and the old primary stays as the way back. Filled by upgradeCluster, refused from others',
    ),
  reason: z.string().max(500).default(''),
  requestedBy: z.string().max(200).default('unknown (started without a name)'),
  trigger: z.enum(['person', 'schedule']).default('person'),
});
export type SwitchoverOrder = z.output<typeof switchoverOrder>;

const RELEASE_NAMES = ['8.0', '8.4', '9.7'] as const;
const hours = (least = 0) => z.number().min(least).max(8_760);

export const upgradeOrder = z.strictObject({
  cluster,
  to: z.enum(RELEASE_NAMES).describe('The next release'),
  mode: z
    .enum(['blue/green', 'rolling'])
    .default('blue/green')
    .describe('New servers beside the old ones, or the same servers one by one'),
  forced: z.string().min(1).max(500).optional().describe('Skip a release, or go on past findings that stop it: why'),
  soakHours: hours().default(24).describe('The new servers follow under load for so long before anybody is asked'),
  watchHours: hours().default(1).describe('The old release is left as it is for so long after the switch'),
  keepHours: hours().default(24).describe('Then the way back is kept for so long before retiring it is asked for'),
  answerHours: hours(0.01).default(168).describe('A question of this run is open for so long'),
  queries: z.number().int().min(0).max(500).default(50).describe('So many statements are tried on the new release'),
  compareRows: z
    .number()
    .int()
    .min(0)
    .max(100_000_000)
    .default(100_000)
    .describe('So many rows of each table are compared; 0 = no table is'),
  writeGapMs: writeGapMs.default(2_000).describe('Longer than this and a switch is undone'),
  eventsPerRun: z.number().int().min(100).max(40_000).default(8_000).describe('A longer history goes on in a new run'),
  dryRun: z.boolean().default(false).describe('Only show the plan'),
  reason: z.string().max(500).default(''),
  requestedBy: z.string().max(200).default('unknown (started without a name)'),
  trigger: z.enum(['person', 'schedule']).default('person'),
  /** Filled by a run that goes on in a new one. */
  standing: z.unknown().optional(),
});
export type UpgradeOrder = z.output<typeof upgradeOrder>;

export const rejoinOrder = z.strictObject({
  cluster,
  instance: z.string().min(1).describe('The server that is to come back, as the inventory names it'),
  extras: z
    .enum(['ask', 'replay', 'rebuild', 'refuse'])
    .default('ask')
    .describe('Where it alone has transactions: ask whether the primary takes them over, have it do so, or neither'),
  dryRun: z.boolean().default(false).describe('Only show the plan'),
  reason: z.string().max(500).default(''),
  requestedBy: z.string().max(200).default('unknown (started without a name)'),
  trigger: z.enum(['person', 'schedule']).default('person'),
});
export type RejoinOrder = z.output<typeof rejoinOrder>;

export const provisionOrder = z.strictObject({
  cluster,
  instance: z.string().min(1).describe('The server that is filled, as the inventory names it'),
  donor: z.string().min(1).optional().describe('Who gives; without it the best replica does'),
  strategy: z.enum(['clone', 'logical', 'physical', 'backup']).optional().describe('Without it the best that can be'),
  rebuild: z.boolean().default(false).describe('Also where it is a replica that is well'),
  extras: z
    .enum(['refuse', 'ask'])
    .default('refuse')
    .describe('Transactions that it alone has: refuse, or copy them to a file and ask whether they may be lost'),
  dryRun: z.boolean().default(false).describe('Only show the plan'),
  reason: z.string().max(500).default(''),
  requestedBy: z.string().max(200).default('unknown (started without a name)'),
  trigger: z.enum(['person', 'schedule', 'failover']).default('person'),
});
export type ProvisionOrder = z.output<typeof provisionOrder>;

/** Filled by a run that has made a server ready to follow. */
export const attachOrder = z.strictObject({
  cluster,
  instance: z.string().min(1),
  reason: z.string().max(500).default(''),
  requestedBy: z.string().max(200).default('unknown (started without a name)'),
  trigger: z.enum(['person', 'schedule', 'failover']).default('person'),
});
export type AttachOrder = z.output<typeof attachOrder>;

export const drillOrder = z.strictObject({
  cluster: cluster.optional().describe('Without it: the drillable cluster whose last drill is longest ago'),
  mode: z.enum(['planned', 'kill']).optional().describe('As the inventory says, unless it is named here'),
  anyway: z
    .boolean()
    .default(false)
    .describe('Also when the last drill was lately or the error budget is used up; a person has looked'),
  dryRun: z.boolean().default(false).describe('Only say whether it may be, and what would be done'),
  reason: z.string().max(500).default(''),
  requestedBy: z.string().max(200).default('unknown (started without a name)'),
  trigger: z.enum(['person', 'schedule']).default('person'),
});
export type DrillOrder = z.output<typeof drillOrder>;

export const whoAndWhy = {
  dryRun: z.boolean().default(false).describe('Only say what would be done'),
  reason: z.string().max(500).default(''),
  requestedBy: z.string().max(200).default('unknown (started without a name)'),
  trigger: z.enum(['person', 'schedule']).default('person'),
};

export const backUpOrder = z
  .strictObject({
    cluster,
    from: z.string().min(1).optional().describe('The instance that is copied; without it the best replica is'),
    kind: z.enum(['logical', 'physical']).default('logical').describe('Tables as statements, or the data folder'),
    incremental: z
      .boolean()
      .default(false)
      .describe('Only what was changed since the backup before it, where XtraBackup takes them'),
    ...whoAndWhy,
  })
  .refine(({ kind, incremental }) => !incremental || kind === 'physical', {
    path: ['incremental'],
    message: 'expected "kind": "physical" beside it',
  });
export type BackUpOrder = z.output<typeof backUpOrder>;

export const verifyOrder = z.strictObject({
  cluster,
  backup: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'expected the id of a backup, as `runbook backups` lists it')
    .optional()
    .describe('Its id; without it the newest'),
  from: z.string().min(1).optional().describe('The instance that it is compared with; without it the best replica'),
  ...whoAndWhy,
});
export type VerifyOrder = z.output<typeof verifyOrder>;

/** Filled by `runbook schedules apply`. */
export const scheduledOrder = z.strictObject({
  schedule: z.string().min(1).describe('Name of the schedule in the inventory'),
  runbook: z.string().min(1).describe('Runbook that it starts'),
  input: z.record(z.string(), z.unknown()).default({}),
});

export const purgeOrder = z.strictObject({
  cluster,
  keep: z.number().int().min(1).max(100_000).default(2).describe('So many of the newest files of each member stay'),
  ...whoAndWhy,
  dryRun: z.boolean().default(false).describe('Only say what would go, and what holds the rest back'),
});
export type PurgeOrder = z.output<typeof purgeOrder>;

/** What can be started on a schedule, with the form of its input. */
export const ORDERS: Readonly<Record<string, z.ZodType>> = {
  backUp: backUpOrder,
  verifyBackup: verifyOrder,
  failoverDrill: drillOrder,
  plannedSwitchover: switchoverOrder,
  rejoinInstance: rejoinOrder,
  provisionReplica: provisionOrder,
  upgradeCluster: upgradeOrder,
  emergencyFailover: failoverOrder,
  purgeBinlogs: purgeOrder,
};
const told = z.strictObject({
  ids: z.array(z.string()).readonly(),
  marks: z.record(z.string(), z.string()).readonly(),
  unsure: z.boolean(),
});

/** Filled by the worker of the run that is told of. */
export const notifyOrder = z.strictObject({
  cluster,
  workflowId: z.string().min(1),
  run: z.string().min(1),
  told: z.record(z.string(), told).readonly().default({}).describe('What each channel knows already'),
});
export type NotifyOrder = z.output<typeof notifyOrder>;

export const watchOrder = z.strictObject({
  cluster,
  probeMs: z.number().int().min(50).max(60_000).default(200).describe('Between two probes of the primary'),
});
export type WatchOrder = z.output<typeof watchOrder>;

const trouble = z.strictObject({
  kind: z.enum(['gap', 'source', 'store', 'folder']),
  id: z.string(),
  sentence: z.string(),
  cure: z.string(),
});

export const archiveOrder = z.strictObject({
  cluster,
  /** Filled by the run itself. */
  told: z.array(trouble).readonly().default([]).describe('Troubles that people know of'),
});

/** Filled by archiveBinlogs. */
export const archiveAlarmOrder = z.strictObject({ cluster, trouble, over: z.boolean().default(false) });

export interface Form {
  readonly workflow: string;
  readonly example: object;
}

/**
 * Read a workflow's one argument. Anything but an ApplicationFailure would leave the run hanging for ever (a workflow task that
 * throws is retried), so bad input ends the run with a sentence and the correct form. A bare string is taken as the cluster.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, form: Form): z.output<Schema> {
  const given = typeof input === 'string' && !input.trimStart().startsWith('{') ? { cluster: input } : input;
  const parsed = schema.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.flatMap(tellIssue).join(', ');
  throw ApplicationFailure.create({
    type: 'INVALID_INPUT',
    nonRetryable: true,
    message: `${form.workflow} does not understand its input (${wrong}): type ${JSON.stringify(form.example)}`,
    details: [parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))],
  });
}

/** In words that somebody reads who has typed it. */
function tellIssue(issue: z.core.$ZodIssue): string[] {
  const field = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `there is no field "${key}"`);
  const what = issue.message.replace(/^Invalid input: /, '');
  if (field === '') return [what];
  return [what.endsWith('received undefined') ? `"${field}" is missing` : `"${field}": ${what}`];
}
