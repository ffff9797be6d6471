import { setTimeout as pause } from 'node:timers/promises';
import { type Deps, knownInstance, serverAsBackup, serverNamed, words } from '../deps';
import { RunbookError } from '../errors';
import { startInstance } from '../hosts/start';
import { errnoOf } from '../mysql/driver-errors';
import { isDiskFull, LARGER_DISK } from '../../workflows/decisions/provision/disk-full';
import { tellGiven } from '../../workflows/decisions/provision/throttle';
import { tellProgress } from '../progress';
import { type CloneStatus, readCloneStatus, speedometer } from './clone-status';
import { type Emptied, type Recipient } from './recipient';
import { openThrottle } from './throttle';

export interface CloneOrder extends Recipient, Emptied {
  readonly donor: string;
  readonly primary: string;
}

export interface Copied {
  /** GTID set (text) that the data stands at. */
  readonly gtids: string;
  readonly bytes: number;
  readonly seconds: number;
  /** What was noteworthy, one sentence each. */
  readonly notes: readonly string[];
}

const LOOK_EVERY_MS = 500;
/** A statement without an end: the watching decides. Node's timers take no more. */
const STATEMENT_MS = 2_000_000_000;
/** The server itself waits five minutes for a donor that has gone. */
const STALLED_MS = 30_000;
const RESTART_SECONDS = 3_600;
const CONCURRENT_CLONE = 3634;

/**
 * Fill the recipient by CLONE and wait until it has started again with its new data. The clone lives in the server, not in our connection: a
 * worker that dies leaves it running, and the next attempt finds it in clone_status and goes on watching. What an attempt finds there from
 * before `since`, or from another donor, is not this run's. 3707 (an unsupervised server cannot restart itself) is success: the server is
 * started as the inventory says.
 * Throws COPY_FAILED (the recipient has no data any more; another donor may be tried), COPY_UNUSABLE, HOST_UNREACHABLE.
 * Source: MySQL manual, "Cloning Remote Data", "Monitoring Cloning Operations"; seen on 9.7.4.
 */
export async function cloneFrom(deps: Deps, order: CloneOrder): Promise<Copied> {
  const { cluster, instance, donor } = order;
  const server = serverNamed(deps, cluster, instance);
  const begun = performance.now();
  deps.checkpoint('clone:begin');
  await reach(deps, order);
  const statement = { failed: null as unknown };
  if (!isOurs(order, await readCloneStatus(server))) await begin(deps, order, (error) => (statement.failed = error));
  const seen = await watch(deps, order, statement);
  deps.checkpoint('clone:completed');
  return {
    gtids: seen.gtids,
    bytes: seen.done,
    seconds: Math.round((performance.now() - begun) / 1000),
    notes: [`${instance} holds what ${donor} had at ${seen.gtids}`],
  };
}

const addressOf = ({ cluster, donor }: CloneOrder): string => {
  const { host, port } = knownInstance(cluster, donor);
  return `${host}:${port}`;
};

const isOurs = (order: CloneOrder, status: CloneStatus | null): status is CloneStatus =>
  status !== null && status.source === addressOf(order) && status.begun >= order.since;

/** Away: between the end of the copy and the start on the new data, or after a crash. */
const reach = (deps: Deps, { cluster, instance }: CloneOrder) =>
  startInstance(deps, cluster, instance, RESTART_SECONDS);

async function begin(deps: Deps, order: CloneOrder, failed: (error: unknown) => void): Promise<void> {
  const { cluster, instance, donor } = order;
  const server = serverNamed(deps, cluster, instance);
  const { host, port } = knownInstance(cluster, donor);
  const { admin, backup = admin } = cluster.accounts;
  await server.run('SET GLOBAL clone_valid_donor_list = ?', [addressOf(order)]);
  const { megabytes } = await openThrottle(deps, cluster, donor, order.primary)(0);
  await server.run('SET GLOBAL clone_max_data_bandwidth = ?', [megabytes]);
  deps.checkpoint('clone:prepared');
  // Not awaited: it ends with a lost connection when all goes well.
  serverAsBackup(deps, cluster, instance)
    .run(
      `CLONE INSTANCE FROM ?@?:${port} IDENTIFIED BY ?${cluster.tls.mode === 'off' ? '' : ' REQUIRE SSL'}`,
      [backup.user, host, await deps.secret(backup.password)],
      { deadlineMs: STATEMENT_MS },
    )
    .catch(failed);
  deps.checkpoint('clone:started');
}

async function watch(deps: Deps, order: CloneOrder, statement: { readonly failed: unknown }): Promise<CloneStatus> {
  const { cluster, instance, donor, primary } = order;
  const server = serverNamed(deps, cluster, instance);
  const throttle = openThrottle(deps, cluster, donor, primary);
  const speed = speedometer();
  let [moved, movedAt, given, orphaned, held] = [-1, performance.now(), -1, 0, ''];
  for (;;) {
    const status = await readCloneStatus(server).catch(() => 'away' as const);
    if (status === 'away') {
      // A server that is stopping refuses, and one that is starting is not there: both are asked until it answers.
      deps.checkpoint('clone:away');
      await reach(deps, order);
      continue;
    }
    if (!isOurs(order, status)) {
      refuseStatement(order, statement.failed);
      if (performance.now() - movedAt > STALLED_MS)
        throw failed(order, 'no CLONE shows up in performance_schema.clone_status');
      await pause(LOOK_EVERY_MS);
      continue;
    }
    if (status.state === 'Completed') return status;
    if (status.state === 'Failed') throw failed(order, `error ${status.errno}: ${status.error}`, status);
    // It is between two states for a moment.
    orphaned = status.session === null ? orphaned + 1 : 0;
    if (orphaned > 4) throw failed(order, 'the server was restarted in the middle', status);

    const progress = speed(`${status.stage || 'CLONE'}${held}`, status.done, status.total || null);
    tellProgress(deps, progress);
    if (status.done > moved) [moved, movedAt] = [status.done, performance.now()];
    if (performance.now() - movedAt > STALLED_MS && !(await isThere(deps, order))) {
      await end(server, status);
      throw failed(order, `${donor} does not answer any more`, status);
    }
    const may = await throttle(progress.rate);
    held = tellGiven(may);
    if (may.megabytes !== given) {
      await server.run('SET GLOBAL clone_max_data_bandwidth = ?', [may.megabytes]).catch(() => undefined);
      given = may.megabytes;
    }
    await pause(LOOK_EVERY_MS);
  }
}

/** The statement may have ended before it became a clone: a wrong password, a donor that is not in the list. */
function refuseStatement(order: CloneOrder, error: unknown): void {
  // Somebody else's attempt of this run has begun it already.
  if (error === null || errnoOf(error) === CONCURRENT_CLONE) return;
  if (error instanceof RunbookError && error.code === 'CONNECTION_LOST') return;
  throw failed(order, words(error));
}

const isThere = (deps: Deps, { cluster, donor }: CloneOrder): Promise<boolean> =>
  serverNamed(deps, cluster, donor)
    .value('SELECT 1', [], { deadlineMs: 2_000 })
    .then(
      () => true,
      () => false,
    );

const ENDS_WITHIN_MS = 30_000;

/** Its session does not hear of a donor that has gone. */
async function end(
  server: { run: (sql: string) => Promise<void> } & Parameters<typeof readCloneStatus>[0],
  { session }: CloneStatus,
) {
  if (session === null) return;
  await server.run(`KILL ${session}`).catch(() => undefined);
  for (const until = performance.now() + ENDS_WITHIN_MS; performance.now() < until;) {
    const now = await readCloneStatus(server).catch(() => null);
    if (now?.session !== session) return;
    await pause(LOOK_EVERY_MS);
  }
}

const CURES: Readonly<Record<number, string>> = {
  1045: 'Create the account that copies on the donor, as docs/security.md says.',
  3862: 'Let the recipient reach the donor, and the account log in there.',
};

function failed({ instance, donor }: CloneOrder, because: string, status?: CloneStatus): RunbookError {
  const at = status?.stage ? ` in ${status.stage}` : '';
  const dropped = status !== undefined && status.stage !== '' && status.stage !== 'DROP DATA';
  const state = dropped
    ? `${instance} is unusable: its data is dropped, and nobody may read it`
    : `${instance} may have lost data, and is to be taken for unusable`;
  return new RunbookError({
    code: 'COPY_FAILED',
    message: `CLONE of ${instance} from ${donor} failed${at}: ${because}; ${state}; ${donor} is as it was`,
    hint: isDiskFull(because)
      ? LARGER_DISK
      : (CURES[status?.errno ?? 0] ?? 'Mend what it names, then start provisionReplica again.'),
  });
}
