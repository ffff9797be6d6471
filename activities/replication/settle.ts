import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, serverNamed } from '../deps';
import { quoteName } from '../mysql/quoting';
import { factsOf } from './apply';
import { stopReceiver } from './receivers';
import { setSemiSync } from './semi-sync';
import { wordsOf } from './statements';

export interface Settled {
  readonly events: readonly string[];
  readonly channelsReset: number;
}

/**
 * What the new primary still carries of its life as a replica: its channel is forgotten (it must never connect to the old
 * primary again) and events that were replicated as disabled run here. Refuses nothing and repeats safely.
 * Source: MySQL manual, "RESET REPLICA Statement", "Replication of Invoked Features".
 */
export async function settleNewPrimary(deps: Deps, cluster: Cluster, name: string): Promise<Settled> {
  const server = serverNamed(deps, cluster, name);
  const facts = await factsOf(deps, cluster, name);
  const words = await wordsOf(server);
  if (facts.channels.length > 0) {
    await server.run(words.stop);
    await server.run(words.resetAll);
  }
  return { channelsReset: facts.channels.length, events: await enableEvents(deps, cluster, name) };
}

/**
 * ENABLED on the source becomes SLAVESIDE_DISABLED (REPLICA_SIDE_DISABLED since 8.4) on its replicas. ALTER EVENT makes whoever gives it
 * the definer unless the definer is named: the event would run with our rights from then on, and fail for want of others.
 */
async function enableEvents(deps: Deps, cluster: Cluster, name: string): Promise<string[]> {
  const server = serverNamed(deps, cluster, name);
  const waiting = await server.rows<{ schema: string; name: string; definer: string }>(
    `SELECT EVENT_SCHEMA AS \`schema\`, EVENT_NAME AS name, DEFINER AS definer FROM information_schema.EVENTS
     WHERE STATUS IN ('SLAVESIDE_DISABLED', 'REPLICA_SIDE_DISABLED')`,
  );
  for (const event of waiting)
    await server.run(
      `ALTER DEFINER = ${account(event.definer)} EVENT ${quoteName(event.schema)}.${quoteName(event.name)} ENABLE`,
    );
  return waiting.map((event) => `${event.schema}.${event.name}`);
}

/** `user@host` as the server lists it: no host has an at sign. */
function account(definer: string): string {
  const at = definer.lastIndexOf('@');
  return `${quoteName(definer.slice(0, at))}@${quoteName(definer.slice(at + 1))}`;
}

/** Give a follower its declared role back: it acknowledges, stays read-only and receives. One that was primary acknowledged nothing. */
export async function settleReplica(deps: Deps, cluster: Cluster, name: string): Promise<void> {
  const server = serverNamed(deps, cluster, name);
  await server.run('SET GLOBAL super_read_only = ON');
  const words = await wordsOf(server);
  if (await setSemiSync(server, cluster.durability === 'async' ? 'none' : 'replica')) await stopReceiver(server);
  await server.run(words.start);
}
