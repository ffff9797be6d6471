import { containsText, countText, subtractText } from '../../workflows/decisions/gtid-set';
import { REPLAY_CHANNEL } from '../../workflows/decisions/rejoin';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { executedOn } from '../replication/meet';
import { loginOptions } from '../replication/repoint';
import { understandsReplica } from '../replication/statements';
import { type Pair } from './extras';
import { readApplierSettings, whyNotStrict } from './strict';

export interface ReplayOrder extends Pair {
  /** What was agreed to, as a GTID set: nothing more is taken. */
  readonly extra: string;
}

export interface Replayed {
  readonly result: 'already' | 'replayed';
  readonly transactions: number;
}

const WAIT_SECONDS = 0.5;
const FOR = `FOR CHANNEL '${REPLAY_CHANNEL}'`;

/**
 * Let the primary fetch the extra transactions from the closed server, by a replication channel of its own and with their original GTIDs:
 * the server's own mechanism, which applies one transaction wholly or not at all and skips what it has executed already. Stops behind
 * the last one that was agreed to, or before the first that conflicts. The channel is gone in either case; what it had fetched and
 * not applied is still where it came from, and in the file.
 * Idempotent: a channel that a dead attempt left is dropped first, and the server goes on behind what it has executed.
 * Throws REPLAY_CONFLICT (a human must look), REPLAY_NOT_POSSIBLE, WRONG_SERVER (more than was agreed to), HOST_UNREACHABLE.
 * Source: MySQL manual, "START REPLICA Statement" (UNTIL SQL_AFTER_GTIDS), "Replication Channels".
 */
export async function replayExtras(deps: Deps, order: ReplayOrder): Promise<Replayed> {
  const { cluster, instance, primary, extra } = order;
  const [server, from] = [serverNamed(deps, cluster, primary), serverNamed(deps, cluster, instance)];
  deps.checkpoint('replay:begin');
  await dropReplayChannel(server);
  const before = await executedOn(server);
  const left = subtractText(extra, before);
  if (left === '') return { result: 'already', transactions: countText(extra) };

  await refuseUnlessStrict(server);
  await refuseMore(from, server, extra);
  const to = knownInstance(cluster, instance);
  const login = await loginOptions(deps, cluster, { option: 'SOURCE', fetchesKey: true });
  await server.run(
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST = ?, SOURCE_PORT = ?, SOURCE_AUTO_POSITION = 1, ${login.options},
       SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 5 ${FOR}`,
    [to.host, to.port, ...login.values],
  );
  deps.checkpoint('replay:channel made');
  try {
    await server.run(`START REPLICA UNTIL SQL_AFTER_GTIDS = '${extra.replaceAll(/\s/g, '')}' ${FOR}`);
    deps.checkpoint('replay:started');
    await untilTakenOver(deps, order, server);
  } catch (error) {
    // What stopped it is told, also when the channel cannot be dropped now: the next attempt does so first.
    await dropReplayChannel(server).catch(() => undefined);
    throw error;
  }
  await dropReplayChannel(server);
  deps.checkpoint('replay:channel dropped');
  return { result: 'replayed', transactions: countText(extra) };
}

/** Ours alone. Its relay log holds copies only: the server that it came from is closed and still has them. */
export async function dropReplayChannel(server: Mysql): Promise<boolean> {
  const known = await server.value(
    'SELECT COUNT(*) FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ?',
    [REPLAY_CHANNEL],
  );
  if (Number(known) === 0) return false;
  await server.run(`STOP REPLICA ${FOR}`, [], { deadlineMs: 10_000 });
  await server.run(`RESET REPLICA ALL ${FOR}`, [], { deadlineMs: 10_000 });
  return true;
}

async function untilTakenOver(deps: Deps, { cluster, instance, primary, extra }: ReplayOrder, server: Mysql) {
  const patienceMs = cluster.failover.applyStallSeconds * 1000;
  let [leftBefore, since] = [Number.POSITIVE_INFINITY, performance.now()];
  for (;;) {
    // The errors first: whoever reads the position afterwards knows all that was committed before the stop.
    const halted = await whyHalted(server);
    const late = await server.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [extra, WAIT_SECONDS], {
      deadlineMs: WAIT_SECONDS * 1000 + 2_000,
    });
    if (Number(late) === 0) return;
    const open = subtractText(extra, await executedOn(server));
    const left = countText(open);
    deps.heartbeat({ replaying: instance, left });
    if (left < leftBefore) [leftBefore, since] = [left, performance.now()];
    const why = halted ?? (performance.now() - since > patienceMs ? 'nothing more has come for a while' : null);
    if (why === null) continue;
    throw new RunbookError({
      code: 'REPLAY_CONFLICT',
      message: `${primary} took over ${countText(extra) - left} of ${countText(extra)} transactions and stopped: ${why}; ${open} is not applied`,
      hint: `What was taken over stays. ${instance} cannot follow any more, for what is in the way is in its data too: decide by the copied file what is still needed, then rebuild it.`,
    });
  }
}

interface ThreadError {
  readonly number: number;
  readonly message: string;
}

/**
 * The first error of an applying worker; the channel's own may be what followed from it (seen: 13121 instead of 1062). Then the
 * receiver's. Values of rows are taken out: this ends in workflow history.
 */
async function whyHalted(server: Mysql): Promise<string | null> {
  for (const table of ['replication_applier_status_by_worker', 'replication_connection_status']) {
    const [error] = await server.rows<ThreadError>(
      `SELECT LAST_ERROR_NUMBER AS number, LAST_ERROR_MESSAGE AS message FROM performance_schema.${table}
       WHERE CHANNEL_NAME = ? AND SERVICE_STATE = 'OFF' AND LAST_ERROR_NUMBER <> 0 ORDER BY LAST_ERROR_TIMESTAMP LIMIT 1`,
      [REPLAY_CHANNEL],
    );
    if (error) return `error ${error.number}: ${withoutValues(error.message)}`;
  }
  return null;
}

const GTID = /^'[0-9a-f]{8}-[0-9a-f-]{27}:[^']*'$/i;

const withoutValues = (message: string): string =>
  message.replaceAll(/'[^']*'/g, (quoted) => (GTID.test(quoted) ? quoted : "'…'")).slice(0, 400);

/** The server must stop at a conflict, not get over it, and hold on to the order in which the transactions were written. */
async function refuseUnlessStrict(server: Mysql): Promise<void> {
  const version = String(await server.value('SELECT VERSION()'));
  const why = understandsReplica(version)
    ? whyNotStrict(await readApplierSettings(server))
    : `${version} is older than 8.0.23, where this was not tried`;
  if (why === null) return;
  throw new RunbookError({
    code: 'REPLAY_NOT_POSSIBLE',
    message: `${server.name} cannot take transactions over safely: ${why}`,
    hint: 'Decide by the copied file what is still needed, write it to the primary by hand, and rebuild the server that came back.',
  });
}

/** Auto-positioning would fetch all that it has more; it must be closed, and have nothing more than what was agreed to. */
async function refuseMore(from: Mysql, to: Mysql, extra: string): Promise<void> {
  const closed = Number(await from.value('SELECT @@global.super_read_only')) === 1;
  const there = await executedOn(from);
  const more = subtractText(there, await executedOn(to));
  if (closed && containsText(extra, more)) return;
  throw new RunbookError({
    code: 'WRONG_SERVER',
    message: closed
      ? `${from.name} has ${subtractText(more, extra)} beside what was agreed to`
      : `${from.name} is not read-only any more`,
    hint: 'Somebody has changed it meanwhile: start this again.',
  });
}
