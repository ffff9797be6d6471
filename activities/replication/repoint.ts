import { type Cluster } from '../../workflows/decisions/cluster';
import { channelOf, type ChannelFacts } from '../../workflows/decisions/facts';
import { isEmpty, parseGtidSet, print, subtract, union } from '../../workflows/decisions/gtid-set';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { errnoOf } from '../mysql/driver-errors';
import { type Mysql } from '../mysql/mysql';
import { versionOf } from '../mysql/version';
import { applyReceived, factsOf } from './apply';
import { type ReplicationWords, understandsReplica, wordsOf } from './statements';

export interface Repointed {
  readonly replica: string;
  readonly result: 'already' | 'changed';
}

/**
 * Make `replica` follow `source` by GTID auto-position. Its relay log survives: CHANGE SOURCE deletes it only while both threads are
 * stopped, so the applier runs on and what it has not applied yet is not fetched twice. Only a channel that has to be made new
 * is stopped, after everything received is applied. One that a crash has left unreadable is made anew. Idempotent: reads first, and each
 * statement after that sets an absolute state.
 * Throws SOURCE_PURGED_NEEDED_GTIDS (rebuild it), APPLIER_STOPPED, HOST_UNREACHABLE (retry safe).
 * Source: MySQL manual, "CHANGE REPLICATION SOURCE TO Statement" (when relay logs are deleted).
 */
export async function repointReplica(
  deps: Deps,
  cluster: Cluster,
  replica: string,
  source: string,
): Promise<Repointed> {
  try {
    return await pointAt(deps, cluster, replica, source);
  } catch (error) {
    if (!UNREADABLE.has(errnoOf(error))) throw error;
    await dropUnreadable(deps, cluster, replica, source);
    return pointAt(deps, cluster, replica, source);
  }
}

async function pointAt(deps: Deps, cluster: Cluster, replica: string, source: string): Promise<Repointed> {
  const server = serverNamed(deps, cluster, replica);
  const words = await wordsOf(server);
  const to = knownInstance(cluster, source);
  const before = await factsOf(deps, cluster, replica);
  const channel = channelOf(before);
  const result = follows(channel, to) ? 'already' : 'changed';
  if (result === 'changed') {
    await refusePurged(deps, cluster, replica, before.gtid.executed, source);
    await (channel?.autoPosition
      ? turn(deps, cluster, server, source, channel)
      : makeNew(deps, cluster, server, source, channel));
    deps.checkpoint('repoint:changed');
  }
  await declareDelay(server, words, channel, knownInstance(cluster, replica).delaySeconds);
  await server.run(words.start);
  return { replica, result };
}

/** What a crash in the middle of RESET REPLICA leaves cannot be started, changed or applied, only reset: 1201, 1871, 1872. */
const UNREADABLE = new Set([1201, 1871, 1872]);

/** Nothing is dropped that the source could not send again (invariant 3). */
async function dropUnreadable(deps: Deps, cluster: Cluster, replica: string, source: string): Promise<void> {
  const [own, sources] = await Promise.all([factsOf(deps, cluster, replica), factsOf(deps, cluster, source)]);
  const received = parseGtidSet(channelOf(own)?.retrieved ?? '');
  const elsewhere = union(parseGtidSet(own.gtid.executed), parseGtidSet(sources.gtid.executed));
  const only = subtract(received, elsewhere);
  if (!isEmpty(only))
    throw new RunbookError({
      code: 'APPLIER_STOPPED',
      message: `the replication channel of ${replica} cannot be read, and ${print(only)} is in its relay log alone`,
      hint: `Copy its relay log files away, read them with mysqlbinlog, then RESET REPLICA ALL on ${replica} and start this again.`,
    });
  const server = serverNamed(deps, cluster, replica);
  const words = await wordsOf(server);
  await server.run(words.stop);
  await server.run(words.resetAll);
  deps.checkpoint('repoint:reset');
}

const follows = (channel: ChannelFacts | undefined, to: { host: string; port: number }): boolean =>
  channel?.sourceHost === to.host && channel.sourcePort === to.port && channel.autoPosition;

/** Turn a running channel to another source; its applier never stops. */
async function turn(deps: Deps, cluster: Cluster, server: Mysql, source: string, channel: ChannelFacts): Promise<void> {
  const words = await wordsOf(server);
  const to = knownInstance(cluster, source);
  await server.run(words.stopReceiver);
  // One that stopped with an error runs for a moment when it is started and stops again: a look in between would believe it.
  if (channel.applier !== 'running') await applyReceived(deps, cluster, server.name);
  await server.run(words.startApplier);
  await refuseStoppedApplier(deps, cluster, server.name);
  await server.run(`${words.changeSource} ${words.option}_HOST = ?, ${words.option}_PORT = ?`, [to.host, to.port]);
}

/** An applier that stops with an error would leave both threads stopped, and the change would delete what it has not applied. */
async function refuseStoppedApplier(deps: Deps, cluster: Cluster, name: string): Promise<void> {
  const facts = await factsOf(deps, cluster, name);
  if (channelOf(facts)?.applier === 'running') return;
  await applyReceived(deps, cluster, name);
}

async function makeNew(
  deps: Deps,
  cluster: Cluster,
  server: Mysql,
  source: string,
  channel: ChannelFacts | undefined,
): Promise<void> {
  const words = await wordsOf(server);
  if (channel) {
    await server.run(words.stopReceiver);
    await applyReceived(deps, cluster, server.name);
    await server.run(words.stop);
  }
  await changeSource(deps, cluster, server, source, channel === undefined);
}

/** A delay that was lifted to get at the relay log, or never set: declared again with the threads as they must be for it. */
async function declareDelay(
  server: Mysql,
  words: ReplicationWords,
  channel: ChannelFacts | undefined,
  seconds: number,
): Promise<void> {
  if (!channel || channel.delaySeconds === seconds) return;
  await server.run(words.startReceiver);
  await server.run(words.stopApplier);
  await server.run(`${words.changeSource} ${words.option}_DELAY = ?`, [seconds]);
}

async function refusePurged(
  deps: Deps,
  cluster: Cluster,
  replica: string,
  executed: string,
  source: string,
): Promise<void> {
  const purged = parseGtidSet(
    String((await serverNamed(deps, cluster, source).value('SELECT @@global.gtid_purged')) ?? ''),
  );
  const missing = subtract(purged, parseGtidSet(executed));
  if (isEmpty(missing)) return;
  throw new RunbookError({
    code: 'SOURCE_PURGED_NEEDED_GTIDS',
    message: `${replica} still needs ${print(missing)}, and ${source} has purged those binary logs`,
    hint: `Rebuild ${replica} from a backup or by CLONE, then point it at ${source}.`,
  });
}

/**
 * Set where to copy from. Host and port are enough for a channel that exists: every other option keeps its value, and the
 * password is not sent again. A channel that was reset has none of them and gets the ones that make a replica a good witness.
 */
export async function changeSource(
  deps: Deps,
  cluster: Cluster,
  server: Mysql,
  source: string,
  fresh: boolean,
): Promise<void> {
  const words = await wordsOf(server);
  const { option, changeSource: change } = words;
  const to = knownInstance(cluster, source);
  const where = `${option}_HOST = ?, ${option}_PORT = ?, ${option}_AUTO_POSITION = 1`;
  if (!fresh) return server.run(`${change} ${where}`, [to.host, to.port]);

  const login = await loginOptions(deps, cluster, words);
  const period = await heartbeatSeconds(serverNamed(deps, cluster, source));
  const patience = `${option}_HEARTBEAT_PERIOD = ${period}, ${option}_CONNECT_RETRY = 1, ${option}_RETRY_COUNT = 86400`;
  return server.run(`${change} ${where}, ${login.options}, ${patience}, ${option}_DELAY = ?`, [
    to.host,
    to.port,
    ...login.values,
    knownInstance(cluster, server.name).delaySeconds,
  ]);
}

/**
 * An old source counts whole seconds: asked for a heartbeat more often than that, it sends one for every transaction that it skips because the replica
 * has it already, and the replica syncs its relay log for each (seen: 60 KB/s, half a minute for 600 transactions).
 */
const heartbeatSeconds = (source: Mysql): Promise<number> =>
  versionOf(source).then(
    (version) => (understandsReplica(version) ? 0.5 : 1),
    () => 1, // right everywhere; whether the source answers is seen by the channel
  );

/** How a replica logs in to its source: the replication account, encrypted as the inventory says. */
export async function loginOptions(
  deps: Deps,
  cluster: Cluster,
  { option, fetchesKey }: Pick<ReplicationWords, 'option' | 'fetchesKey'>,
): Promise<{ readonly options: string; readonly values: readonly string[] }> {
  const { user, password } = cluster.accounts.replication;
  // Without TLS, caching_sha2_password needs the source's public key.
  const open = fetchesKey ? `${option}_SSL = 0, GET_${option}_PUBLIC_KEY = 1` : `${option}_SSL = 0`;
  const encryption = cluster.tls.mode === 'off' ? open : `${option}_SSL = 1`;
  return {
    options: `${option}_USER = ?, ${option}_PASSWORD = ?, ${encryption}`,
    values: [user, await deps.secret(password)],
  };
}
