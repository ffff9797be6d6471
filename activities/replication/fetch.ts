import { type Cluster } from '../../workflows/decisions/cluster';
import { channelOf } from '../../workflows/decisions/facts';
import { type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { applyReceived, factsOf } from './apply';
import { changeSource } from './repoint';
import { startApplier, startReceiver, stopReceiver } from './receivers';
import { wordsOf } from './statements';

/**
 * Let the candidate copy from the replica that received more, until it has executed all of `target`. The giver must have
 * applied it first: only what is in its binary log can be served. Both relay logs are applied before anything is changed.
 * Returns the candidate's executed set. Throws as applyReceived does.
 */
export async function fetchFrom(
  deps: Deps,
  cluster: Cluster,
  candidate: string,
  giver: string,
  target: string,
): Promise<string> {
  await skipDelay(deps, cluster, giver);
  await applyReceived(deps, cluster, giver);
  deps.checkpoint('fetch:giver applied');

  const server = serverNamed(deps, cluster, candidate);
  const words = await wordsOf(server);
  await server.run(words.stop);
  await changeSource(deps, cluster, server, giver, false);
  await server.run(words.start);
  const executed = await applyReceived(deps, cluster, candidate, target);
  await server.run(words.stop);
  return executed;
}

/**
 * A delayed replica may alone hold the last transactions in its relay log. SOURCE_DELAY can only be changed while the applier stands
 * still, and with both threads stopped the server deletes the relay log: so the receiver is kept running meanwhile, knocking at a
 * port where nobody is (not at the old primary, whose commits it might acknowledge; not at itself, which ends the thread).
 * The declared delay is set again when the replica gets its new source.
 * Source: MySQL manual, "CHANGE REPLICATION SOURCE TO Statement" (when relay logs are deleted).
 */
async function skipDelay(deps: Deps, cluster: Cluster, name: string): Promise<void> {
  const channel = channelOf(await factsOf(deps, cluster, name));
  if (!channel || channel.delaySeconds === 0) return;
  const server = serverNamed(deps, cluster, name);
  const { changeSource: change, option, stopApplier } = await wordsOf(server);

  if (channel.applier !== 'running') await startApplier(server);
  await stopReceiver(server); // an attempt before this one may have died while it knocked
  await server.run(`${change} ${option}_HOST = '127.0.0.1', ${option}_PORT = ${NOBODY}`);
  await startReceiver(server);
  deps.checkpoint('fetch:giver knocks');
  const knocking = channelOf(await factsOf(deps, cluster, name));
  if (knocking?.receiver !== 'connecting') {
    throw new RunbookError({
      code: 'RELAY_LOG_STALLED',
      message: `${name} holds transactions in its relay log, and its delay of ${channel.delaySeconds} s cannot be lifted without losing them`,
      hint: 'Stop here and apply its relay log by hand (START REPLICA SQL_THREAD and wait), then run this again.',
    });
  }
  await server.run(stopApplier);
  await server.run(`${change} ${option}_DELAY = 0`);
  await startApplier(server);
}

/** A privileged port that no MySQL listens on. */
const NOBODY = 1;
