import {
  channelOf,
  type ClusterSnapshot,
  type InstanceFacts,
  readable,
  type Release,
  type UnreadableInstance,
  type UnreadableReason,
} from './facts';
import { intersect, isEmpty, parseGtidSet } from './gtid-set';
import { type Refusal } from './refusal';
import { sourceOf } from './topology';

const CURES: Readonly<Record<UnreadableReason, string>> = {
  refused: 'start it (it boots read-only and follows nobody), then start this again',
  'timed out': 'find out whether it hangs or the network does, then start this again',
  unreachable: 'bring its host back, or correct its address in the inventory',
  'auth failed': 'compare the account in the inventory with the server: runbook inventory check --secrets',
  'too many connections': 'end some of its sessions, or give it an adminPort in the inventory',
  'tls failed': 'mend its certificate, or tls in the inventory',
  lost: 'look at its error log, then start this again',
  unsupported: 'take it out of the inventory, or install a supported release',
  failed: 'look at its error log, then start this again',
};

export const unreadableRefusal = ({ name, reason, detail }: UnreadableInstance): Refusal => ({
  sentence: `${name} cannot be read (${reason}: ${detail})`,
  cure: CURES[reason],
});

const RELEASES: readonly Release[] = ['5.7', '8.0', '8.4', '9.7'];

/**
 * Is this the server that is meant, and can it copy from this primary at all? Everything that stands against it is named at once, each
 * with its cure.
 * Source: MySQL manual, "Replication Compatibility Between MySQL Versions", "Replication and Binary Logging Options" (server_id).
 */
export function refusalsOfIdentity(snapshot: ClusterSnapshot, me: InstanceFacts, primary: InstanceFacts): Refusal[] {
  const refusals: Refusal[] = [];
  const add = (sentence: string, cure: string) => refusals.push({ sentence, cure });
  const { name } = me;

  for (const twin of readable(snapshot.members).filter((other) => other.name !== name)) {
    if (twin.serverUuid === me.serverUuid)
      add(
        `${name} and ${twin.name} have the same server_uuid: one of them is a copy, or both addresses lead to one server`,
        `compare their addresses; on a copy stop the server, delete auto.cnf from its data folder and start it`,
      );
    else if (twin.serverId === me.serverId)
      add(`${name} and ${twin.name} have the same server_id`, `give ${name} a server_id of its own`);
  }
  for (const one of [me, primary])
    if (one.gtid.mode !== 'ON') add(`gtid_mode of ${one.name} is ${one.gtid.mode}`, 'turn GTIDs on first');
  if (RELEASES.indexOf(me.release) < RELEASES.indexOf(primary.release))
    add(
      `${name} (${me.version}) is older than ${primary.name} (${primary.version}), and no server copies from a newer series`,
      `upgrade ${name} first`,
    );
  if (isEmpty(intersect(parseGtidSet(me.gtid.executed), parseGtidSet(primary.gtid.executed))))
    add(
      `${name} has no transaction in common with ${primary.name}: it is another cluster's server, a new one, or its history was reset`,
      `compare its address with the inventory; if it is the right one, fill it anew: provisionReplica`,
    );
  return [...refusals, ...refusalsOfChannels(snapshot, me, primary)];
}

/** Channels that somebody else set up, or that nobody may touch before a human has looked. */
function refusalsOfChannels(snapshot: ClusterSnapshot, me: InstanceFacts, primary: InstanceFacts): Refusal[] {
  const { name } = me;
  const refusals: Refusal[] = [];
  const named = me.channels.filter((channel) => channel.name !== '');
  for (const channel of named)
    refusals.push({
      sentence: `${name} has a replication channel named "${channel.name}", from ${channel.sourceHost}:${channel.sourcePort}`,
      cure: `let it apply what it received, then on ${name}: STOP REPLICA FOR CHANNEL '${channel.name}'; RESET REPLICA ALL FOR CHANNEL '${channel.name}'`,
    });
  const channel = channelOf(me);
  if (named.length === 0 && channel?.receiver === 'running' && sourceOf(snapshot.members, me) === undefined)
    refusals.push({
      sentence: `${name} copies from ${channel.sourceHost}:${channel.sourcePort}, which is not a server of this cluster`,
      cure: `if that is no longer wanted, STOP REPLICA IO_THREAD on ${name}, then start this again`,
    });
  if (channel?.applier === 'stopped' && channel.applierError)
    refusals.push({
      sentence: `the applier of ${name} stopped with error ${channel.applierError.code}: ${channel.applierError.message}`,
      cure: `repair the row that it names and START REPLICA SQL_THREAD on ${name}; its relay log is never thrown away (invariant 3)`,
    });
  if (primary.channels.some((one) => one.name === '' && one.receiver !== 'stopped' && one.sourceUuid === me.serverUuid))
    refusals.push({
      sentence: `${primary.name} still copies from ${name}`,
      cure: `on ${primary.name}: STOP REPLICA; RESET REPLICA ALL`,
    });
  return refusals;
}
