import { type ZodType } from 'zod';
import {
  changeId,
  drillId,
  EMERGENCY_TASK_QUEUE,
  provisionId,
  rehearsalId,
  scheduledId,
  TASK_QUEUE,
  backupRunId,
  verificationRunId,
  restoreId,
  upgradeId,
} from '../workflows/messages';
import { invalidInput } from './exit';
import { type RunbookName } from './runbook-words';
import { didYouMean } from '../activities/inventory/suggest';

/** A runbook that `runbook start` knows. Its name is the workflow type, also in the Web UI. */
export interface RunbookEntry {
  readonly name: RunbookName;
  readonly taskQueue: string;
  /** The lock, for what changes a cluster: Temporal lets one run of this id at a time. */
  readonly workflowId: (input: RunInput) => string;
  /** Loaded on use: zod is not needed to print help. */
  readonly input: () => Promise<ZodType>;
  /** The smallest input, where the cluster alone is not enough. */
  readonly example?: object;
  /** It chooses the cluster where none is named. */
  readonly chooses?: true;
}

/** Stands for the cluster where the runbook chooses one. No cluster is called so: a name has no slash. */
export const FLEET = 'fleet/';

export type RunInput = Readonly<Record<string, unknown>> & { readonly cluster: string };

/** A plan changes nothing, so it needs no lock and does not wait for a running change. */
const underLock = ({ cluster, dryRun }: RunInput): string =>
  dryRun === true ? rehearsalId(cluster) : changeId(cluster);

/** Whoever waits for a time does so without the lock. */
const isForLater = ({ at, window, dryRun }: RunInput): boolean =>
  dryRun !== true && (at !== undefined || window === true);

export const RUNBOOKS: readonly RunbookEntry[] = [
  {
    name: 'emergencyFailover',
    taskQueue: EMERGENCY_TASK_QUEUE,
    workflowId: underLock,
    input: async () => (await import('../workflows/inputs.js')).failoverOrder,
  },
  {
    name: 'plannedSwitchover',
    taskQueue: EMERGENCY_TASK_QUEUE,
    workflowId: (input) => (isForLater(input) ? scheduledId(input.cluster) : underLock(input)),
    input: async () => (await import('../workflows/inputs.js')).switchoverOrder,
  },
  {
    name: 'failoverDrill',
    taskQueue: TASK_QUEUE,
    workflowId: ({ cluster, dryRun }) =>
      dryRun === true ? rehearsalId(cluster) : cluster === FLEET ? 'fleet/drill' : drillId(cluster),
    input: async () => (await import('../workflows/inputs.js')).drillOrder,
    chooses: true,
  },
  {
    name: 'purgeBinlogs',
    taskQueue: TASK_QUEUE,
    workflowId: underLock,
    input: async () => (await import('../workflows/inputs.js')).purgeOrder,
  },
  {
    name: 'restoreToPoint',
    taskQueue: TASK_QUEUE,
    workflowId: ({ cluster, dryRun }) => (dryRun === true ? rehearsalId(cluster) : restoreId(cluster)),
    input: async () => (await import('../workflows/restore-input.js')).restoreOrder,
    example: { cluster: 'orders', at: '2026-11-22T03:00:00+01:00' },
  },
  {
    name: 'rejoinInstance',
    taskQueue: EMERGENCY_TASK_QUEUE,
    workflowId: underLock,
    input: async () => (await import('../workflows/inputs.js')).rejoinOrder,
    example: { cluster: 'orders', instance: 'db1' },
  },
  {
    name: 'provisionReplica',
    taskQueue: TASK_QUEUE,
    workflowId: ({ cluster, instance, dryRun }) =>
      dryRun === true || typeof instance !== 'string' ? rehearsalId(cluster) : provisionId(cluster, instance),
    input: async () => (await import('../workflows/inputs.js')).provisionOrder,
    example: { cluster: 'orders', instance: 'db4' },
  },
  {
    name: 'backUp',
    taskQueue: TASK_QUEUE,
    workflowId: ({ cluster, dryRun }) => (dryRun === true ? rehearsalId(cluster) : backupRunId(cluster)),
    input: async () => (await import('../workflows/inputs.js')).backUpOrder,
  },
  {
    name: 'verifyBackup',
    taskQueue: TASK_QUEUE,
    workflowId: ({ cluster, dryRun }) => (dryRun === true ? rehearsalId(cluster) : verificationRunId(cluster)),
    input: async () => (await import('../workflows/inputs.js')).verifyOrder,
  },
  {
    name: 'upgradeCluster',
    taskQueue: TASK_QUEUE,
    workflowId: ({ cluster, dryRun }) => (dryRun === true ? rehearsalId(cluster) : upgradeId(cluster)),
    input: async () => (await import('../workflows/inputs.js')).upgradeOrder,
    example: { cluster: 'orders', to: '8.4' },
  },
];

/** Throws INVALID_INPUT with the nearest name and the list. */
export function findRunbook(written: string): RunbookEntry {
  const found = RUNBOOKS.find(({ name }) => name === written);
  if (found) return found;
  const names: readonly string[] = RUNBOOKS.map(({ name }) => name);
  if (written === 'watchCluster')
    throw invalidInput('a watch is not a runbook', 'Start it with `runbook watch start CLUSTER`.');
  if (written === 'archiveBinlogs')
    throw invalidInput('an archive is not a run', 'Start it with `runbook archive start CLUSTER`.');
  throw invalidInput(`there is no runbook "${written}"${didYouMean(written, names)}`, `Runbooks: ${names.join(', ')}.`);
}

/**
 * The input of a run from `--cluster` and `--input`, checked as the workflow will check it, so that a mistake is answered
 * here and not by a failed run. Throws INVALID_INPUT.
 */
export async function readInput(runbook: RunbookEntry, written: WrittenInput): Promise<RunInput> {
  const example = JSON.stringify(runbook.example ?? { cluster: 'orders' });
  const more = written.input === undefined ? {} : parseObject(written.input, example);
  const cluster = written.cluster ?? more['cluster'] ?? (runbook.chooses ? FLEET : undefined);
  if (typeof cluster !== 'string' || cluster === '')
    throw invalidInput('the cluster is not named', 'Add --cluster NAME.');
  if (more['cluster'] !== undefined && more['cluster'] !== cluster) {
    throw invalidInput(`--cluster says ${cluster} and --input names another cluster`, 'Name the cluster once.');
  }

  const input = { ...more, ...written.defaults, cluster };
  const checked = (await runbook.input()).safeParse(asSent(input));
  if (checked.success) return input;
  const faults = checked.error.issues.map(
    ({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`,
  );
  throw invalidInput(
    `the input of ${runbook.name} is not understood: ${faults.join('; ')}`,
    `The smallest input is ${example}.`,
  );
}

/** What the workflow is given: without the cluster where it chooses one. */
export const asSent = (input: RunInput): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(input).filter(([key, value]) => key !== 'cluster' || value !== FLEET));

export interface WrittenInput {
  readonly cluster?: string | undefined;
  readonly input?: string | undefined;
  /** What the command itself adds: who asks, why, whether it is a dry run. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

function parseObject(text: string, example: string): Record<string, unknown> {
  const wrong = (what: string) =>
    invalidInput(`--input ${what}`, `Write it in single quotes, for example --input '${example}'.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('is not a JSON object');
  return { ...value };
}
