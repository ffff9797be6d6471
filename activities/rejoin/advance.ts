import { channelOf, type ChannelFacts, type InstanceFacts } from '../../workflows/decisions/facts';
import { contains, count, parseGtidSet, print, subtract, union } from '../../workflows/decisions/gtid-set';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { factsOf } from '../replication/apply';
import { startApplier } from '../replication/receivers';
import { type Pair } from './extras';

export interface AdvanceOrder extends Pair {
  /** `apply`: what it has received. `follow`: all that the primary commits, to within a heartbeat. */
  readonly goal: 'apply' | 'follow';
}

export interface Advanced {
  readonly reached: boolean;
  /** False as soon as the primary does not answer or takes no writes: then nobody may hold the cluster's lock for long. */
  readonly primaryWell: boolean;
  /** Transactions still to apply. */
  readonly left: number;
}

/** A replica that applies within this what the primary has committed is as far as its heartbeats could tell. */
const CLOSE_MS = 500;
/** The primary is asked as often, and missed after two silent answers in a row. */
const PRIMARY_DEADLINE_MS = 1_000;
const MISSES = 2;

/**
 * Watch a server come closer, for a little longer than a standstill may last; the caller asks again until it is there, so that a long way
 * is many short activities. Changes nothing but a stopped applier, which it starts. A delayed replica is there when it has received all.
 * Throws APPLIER_STOPPED, RECEIVER_STOPPED, RELAY_LOG_STALLED (nothing came for `applyStallSeconds`), HOST_UNREACHABLE.
 * Source: MySQL manual, "Functions Used with Global Transaction Identifiers", WAIT_FOR_EXECUTED_GTID_SET.
 */
export async function advance(deps: Deps, { cluster, instance, primary, goal }: AdvanceOrder): Promise<Advanced> {
  const [server, source] = [serverNamed(deps, cluster, instance), serverNamed(deps, cluster, primary)];
  const stallMs = cluster.failover.applyStallSeconds * 1000;
  const until = performance.now() + stallMs + 2_000;
  let [executedBefore, since, misses, left] = [-1, performance.now(), 0, 0];
  while (performance.now() < until) {
    const committed = await committedOn(source);
    misses = committed === null ? misses + 1 : 0;
    if (misses >= MISSES) return { reached: false, primaryWell: false, left };
    if (committed === null) continue;

    const facts = await factsOf(deps, cluster, instance);
    const channel = channelOf(facts);
    refuseStopped(instance, facts, channel);
    if (channel?.applier === 'stopped') await startApplier(server);
    const executed = parseGtidSet(facts.gtid.executed);
    const received = union(executed, parseGtidSet(channel?.retrieved ?? ''));
    const wanted = goal === 'apply' ? received : parseGtidSet(committed);
    left = count(subtract(wanted, executed));
    deps.heartbeat({ instance, goal, left });

    const delayed = knownInstance(cluster, instance).delaySeconds > 0 || (channel?.delaySeconds ?? 0) > 0;
    if (delayed && (goal === 'apply' || contains(received, wanted))) return { reached: true, primaryWell: true, left };
    if (await appliedSoon(server, print(wanted), goal)) return { reached: true, primaryWell: true, left: 0 };

    const done = count(executed);
    if (done > executedBefore) [executedBefore, since] = [done, performance.now()];
    if (performance.now() - since > stallMs) throw stalled(instance, left, stallMs, channel);
  }
  return { reached: false, primaryWell: true, left };
}

/** Its gtid_executed while it takes writes; null when it does not answer or is closed. */
async function committedOn(source: Mysql): Promise<string | null> {
  try {
    const [row] = await source.rows<{ executed: string; readOnly: number }>(
      'SELECT @@global.gtid_executed AS executed, @@global.read_only AS readOnly',
      [],
      { deadlineMs: PRIMARY_DEADLINE_MS },
    );
    return row && row.readOnly === 0 ? row.executed : null;
  } catch {
    return null;
  }
}

async function appliedSoon(server: Mysql, wanted: string, goal: AdvanceOrder['goal']): Promise<boolean> {
  const asked = performance.now();
  const late = await server.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [wanted, CLOSE_MS / 1000], {
    deadlineMs: CLOSE_MS + 2_000,
  });
  return Number(late) === 0 && (goal === 'apply' || performance.now() - asked < CLOSE_MS);
}

/** A thread that ended with an error does not come back by waiting. */
function refuseStopped(name: string, { channels }: InstanceFacts, channel: ChannelFacts | undefined): void {
  if (channels.length > 0 && channel?.applier === 'stopped' && channel.applierError)
    throw new RunbookError({
      code: 'APPLIER_STOPPED',
      message: `the applier of ${name} stopped with error ${channel.applierError.code}: ${channel.applierError.message}`,
      hint: 'Repair the row it names, then start this again.',
    });
  if (channel?.receiver === 'stopped' && channel.receiverError) throw receiverStopped(name, channel);
}

const receiverStopped = (name: string, { receiverError }: ChannelFacts): RunbookError =>
  new RunbookError({
    code: 'RECEIVER_STOPPED',
    message: `${name} receives nothing: error ${receiverError?.code ?? 0}: ${receiverError?.message ?? ''}`,
    hint: 'Mend what it names, then start this again.',
  });

function stalled(name: string, left: number, stallMs: number, channel: ChannelFacts | undefined): RunbookError {
  if (channel?.receiverError && channel.receiver !== 'running') return receiverStopped(name, channel);
  return new RunbookError({
    code: 'RELAY_LOG_STALLED',
    message: `${name} has applied nothing for ${Math.round(stallMs / 1000)} s; ${left} transactions are left`,
    hint: 'Look for what blocks its applier (performance_schema.replication_applier_status_by_worker), then start this again.',
  });
}
