import { type Testimony } from './evidence';
import { channelOf, type ChannelFacts, type ClusterSnapshot, type InstanceFacts, readable } from './facts';

/**
 * A source that missed one heartbeat and half of the next, and a little for a busy receiver thread, is not heard any more. It
 * never decides alone: our own probes must fail as well. Replicas with the server's default period (30 s and more) keep
 * believing for minutes: doctor says so.
 */
export const silenceLimitMs = (channel: ChannelFacts): number => channel.heartbeatPeriodSeconds * 1500 + 200;

/** What each direct replica of `source` says about it. Members that copy from somebody else are not asked. */
export function hearReplicas(
  snapshot: ClusterSnapshot,
  source: { name: string; host: string; port: number; uuid: string | null },
): Testimony[] {
  return readable(snapshot.members)
    .filter((member) => member.name !== source.name)
    .flatMap((member) => {
      const channel = channelOf(member);
      return channel && copiesFrom(channel, source) ? [testify(member, channel)] : [];
    });
}

export const copiesFrom = (
  channel: ChannelFacts,
  source: { host: string; port: number; uuid: string | null },
): boolean =>
  (source.uuid !== null && channel.sourceUuid === source.uuid) ||
  (channel.sourceHost === source.host && channel.sourcePort === source.port);

function testify(member: InstanceFacts, channel: ChannelFacts): Testimony {
  const replica = member.name;
  if (channel.receiver === 'stopped') {
    const error = channel.receiverError;
    return {
      replica,
      says: 'cannot say',
      because: error ? `its receiver stopped: ${error.message}` : 'its receiver is stopped',
    };
  }
  if (channel.receiver === 'connecting') {
    return {
      replica,
      says: 'does not see it',
      because: channel.receiverError?.message ?? 'its receiver has lost the source and cannot connect',
    };
  }
  if (channel.silentForMs === null)
    return { replica, says: 'cannot say', because: 'its receiver runs, but this release keeps no heartbeat time' };
  const silent = `${(channel.silentForMs / 1000).toFixed(1)} s`;
  return channel.silentForMs <= silenceLimitMs(channel)
    ? { replica, says: 'sees it', because: `heard it ${silent} ago` }
    : { replica, says: 'does not see it', because: `has heard nothing for ${silent}` };
}
