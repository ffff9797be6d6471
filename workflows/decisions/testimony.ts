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

/**
 * Errors of a receiver that cannot connect which only a living server sends: too many connections, access denied, host blocked or
 * not allowed, the account's limits, locked or expired.
 */
const ANSWERED = new Set([1040, 1045, 1129, 1130, 1203, 1226, 1862, 3118]);

export const testify = (member: InstanceFacts, channel: ChannelFacts): Testimony => {
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
    const error = channel.receiverError;
    if (error && ANSWERED.has(error.code))
      return { replica, says: 'cannot say', because: `the source answered and turned it away: ${error.message}` };
    return {
      replica,
      says: 'does not see it',
      because: error?.message ?? 'its receiver has lost the source and cannot connect',
    };
  }
  if (channel.silentForMs === null)
    return { replica, says: 'cannot say', because: 'its receiver runs, but this release keeps no heartbeat time' };
  const silent = `${(channel.silentForMs / 1000).toFixed(1)} s`;
  if (channel.silentForMs <= silenceLimitMs(channel))
    return { replica, says: 'sees it', because: `heard it ${silent} ago` };
  // Without heartbeats an idle source is as silent as a dead one.
  return channel.heartbeatPeriodSeconds === 0
    ? { replica, says: 'cannot say', because: `has heard nothing for ${silent}, and its heartbeats are switched off` }
    : { replica, says: 'does not see it', because: `has heard nothing for ${silent}` };
};
