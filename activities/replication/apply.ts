import { type Cluster } from '../../workflows/decisions/cluster';
import { channelOf, type InstanceFacts } from '../../workflows/decisions/facts';
import { contains, count, parseGtidSet, print, subtract, union } from '../../workflows/decisions/gtid-set';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { lookAtInstance } from '../observe/instance';
import { startApplier } from './receivers';

/** One wait of the server; between two waits we report progress and look for errors. */
const WAIT_SECONDS = 0.5;

/** One readable look at a member that a step depends on. Throws what made it unreadable. */
export async function factsOf(deps: Deps, cluster: Cluster, name: string): Promise<InstanceFacts> {
  const member = await lookAtInstance(serverNamed(deps, cluster, name), knownInstance(cluster, name), {
    full: false,
    schema: cluster.schema,
  });
  if (member.readable) return member;
  throw new RunbookError({
    code: 'HOST_UNREACHABLE',
    message: `${name} cannot be read (${member.reason}: ${member.detail})`,
    hint: 'Bring it back or leave it out of the run.',
  });
}

/**
 * Apply everything that `name` has received (its relay log is never thrown away), then everything of `target` that comes by its
 * running receiver. Ends at once when nothing is left. Progress, not time, keeps it going: only `applyStallSeconds` without one
 * more transaction ends it. Returns the executed set.
 * Throws APPLIER_STOPPED (a human must look), RELAY_LOG_STALLED, HOST_UNREACHABLE.
 * Source: MySQL manual, "Functions Used with Global Transaction Identifiers", WAIT_FOR_EXECUTED_GTID_SET.
 */
export async function applyReceived(deps: Deps, cluster: Cluster, name: string, target = ''): Promise<string> {
  const server = serverNamed(deps, cluster, name);
  let stalledSince = performance.now();
  let leftBefore = Number.POSITIVE_INFINITY;
  for (;;) {
    const facts = await factsOf(deps, cluster, name);
    const channel = channelOf(facts);
    const executed = parseGtidSet(facts.gtid.executed);
    const wanted = union(parseGtidSet(channel?.retrieved ?? ''), parseGtidSet(target));
    if (contains(executed, wanted)) return facts.gtid.executed;

    const missing = subtract(wanted, executed);
    if (channel?.applierError && channel.applier === 'stopped') {
      throw new RunbookError({
        code: 'APPLIER_STOPPED',
        message: `the applier of ${name} stopped with error ${channel.applierError.code}: ${channel.applierError.message}; ${print(missing)} is not applied`,
        hint: 'Repair the row it names, or choose another candidate.',
      });
    }
    if (!channel || channel.applier !== 'running') await startApplier(server);

    const left = count(missing);
    if (left < leftBefore) [leftBefore, stalledSince] = [left, performance.now()];
    const stalledForMs = performance.now() - stalledSince;
    if (stalledForMs > cluster.failover.applyStallSeconds * 1000) {
      throw new RunbookError({
        code: 'RELAY_LOG_STALLED',
        message: `${name} has applied nothing for ${Math.round(stalledForMs / 1000)} s; ${left} transactions are left (${print(missing)})`,
        hint: 'Look for what blocks its applier (performance_schema.replication_applier_status_by_worker), then run this again.',
      });
    }
    deps.heartbeat({ applying: name, left });
    await server.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [print(wanted), WAIT_SECONDS], {
      deadlineMs: WAIT_SECONDS * 1000 + 2_000,
    });
  }
}
