import { type Cluster } from '../../workflows/decisions/cluster';
import { channelOf } from '../../workflows/decisions/facts';
import { contains, parseGtidSet, print, subtract } from '../../workflows/decisions/gtid-set';
import { type StepPart } from '../../workflows/decisions/report';
import { type Deps, knownInstance, serverNamed, stopwatch, words } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { applyReceived, factsOf } from './apply';
import { openWrites } from './open-writes';
import { recordEpoch } from './epoch';
import { fetchFrom } from './fetch';
import { stopReceiver } from './receivers';
import { repointReplica } from './repoint';
import { setPatience, setSemiSync } from './semi-sync';

export interface OpenOrder {
  readonly cluster: Cluster;
  readonly candidate: string;
  readonly fetchFrom: string | null;
  /** GTID set that must be executed before writes open. */
  readonly target: string;
  /** Replicas that may follow at once, so that commits find an acknowledger. */
  readonly followers: readonly string[];
  /** The candidate's own settings as they were before anybody touched them; null where it has no semi-sync plugin. */
  readonly semiSync: { readonly timeoutMs: number; readonly waitForReplicaCount: number } | null;
  /** Higher than every epoch that was seen: two openings must never share one. */
  readonly minEpoch: number;
  /** Run id, kept in the epoch row: who opened this server. */
  readonly run: string;
}

export interface Opened {
  readonly result: 'already' | 'opened';
  readonly uuid: string;
  readonly epoch: number;
  readonly executed: string;
  readonly parts: readonly StepPart[];
}

/**
 * Make the candidate the primary: apply all it received, fetch what it lacks, then open its writes and record the epoch.
 * The followers are moved at the same time where commits need an acknowledger; the channel is reset only afterwards (tidy).
 * Idempotent: a server that is open with this run's epoch row is left alone; everything before that can be repeated.
 * Throws CANDIDATE_LOST (elect another), CANDIDATE_INCOMPLETE, APPLIER_STOPPED, RELAY_LOG_STALLED (a human must look).
 * Source: MySQL manual, "Switching Sources During Failover", "Functions Used with GTIDs".
 */
export async function openPrimary(deps: Deps, order: OpenOrder): Promise<Opened> {
  try {
    return await open(deps, order);
  } catch (error) {
    if (error instanceof RunbookError && LOST.has(error.code)) throw await lostOrRetry(deps, order, error);
    throw error;
  }
}

async function open(deps: Deps, order: OpenOrder): Promise<Opened> {
  const { cluster, candidate, run } = order;
  const watch = stopwatch('open', deps.checkpoint);
  const server = serverNamed(deps, cluster, candidate);
  const before = await factsOf(deps, cluster, candidate);
  const uuid = before.serverUuid;
  if (!before.readOnly && before.epoch?.run === run) {
    // The attempt that opened it may have died before an acknowledger came: without one, commits would stop waiting, or never end.
    if (cluster.durability !== 'async') await attachFollowers(deps, order);
    await bePatientAgain(server, order);
    return { result: 'already', uuid, epoch: before.epoch.epoch, executed: before.gtid.executed, parts: watch.parts() };
  }

  let executed = await applyReceived(deps, cluster, candidate);
  watch.mark('applied');
  if (order.fetchFrom !== null) {
    executed = await fetchFrom(deps, cluster, candidate, order.fetchFrom, order.target);
    watch.mark('fetched');
  }
  refuseIncomplete(candidate, executed, order.target);

  // The applier has nothing left and may run on: stopping it would wait behind a receiver that is still being cut off.
  if (channelOf(before)?.receiver === 'running') await stopReceiver(server);
  await setSemiSync(server, cluster.durability === 'async' ? 'none' : 'source');
  if (nobodyWillAcknowledge(order)) await setPatience(server, 1);
  watch.mark('ready to open');

  // A commit that waits for an acknowledgement must find someone to give it: the first follower arrives while writes open.
  const acknowledger = cluster.durability === 'async' ? Promise.resolve() : attachFollowers(deps, order);
  await openWrites(server);
  watch.mark('writes open');
  const epoch = await recordEpoch(server, cluster.schema, uuid, order);
  watch.mark('epoch recorded');
  await bePatientAgain(server, order);
  await acknowledger;
  return { result: 'opened', uuid, epoch, executed, parts: watch.parts() };
}

/**
 * Too few replicas are left for a single acknowledged commit, and semi-sync falls back then, by its declaration: after the time-out,
 * 10 s by default, in which clients would wait for what cannot come. With a patience of 1 ms the first commit, ours, makes it fall back;
 * it then stays so until enough replicas follow, whatever the patience is. Lossless never falls back.
 */
const nobodyWillAcknowledge = ({ cluster, semiSync, followers }: OpenOrder): boolean =>
  cluster.durability === 'semi-sync' && semiSync !== null && followers.length < semiSync.waitForReplicaCount;

const bePatientAgain = async (server: Mysql, order: OpenOrder): Promise<void> => {
  if (nobodyWillAcknowledge(order) && order.semiSync) await setPatience(server, order.semiSync.timeoutMs);
};

function refuseIncomplete(candidate: string, executed: string, target: string): void {
  const [has, wanted] = [parseGtidSet(executed), parseGtidSet(target)];
  if (contains(has, wanted)) return;
  throw new RunbookError({
    code: 'CANDIDATE_INCOMPLETE',
    message: `${candidate} lacks ${print(subtract(wanted, has))}, which another replica received`,
    hint: 'Its writes stay closed (invariant 2). Look for the replica that has them and run this again.',
  });
}

/** Followers that cannot come now are moved in the tidy step: their trouble must not keep writes closed. */
async function attachFollowers(deps: Deps, order: OpenOrder): Promise<void> {
  await Promise.all(
    order.followers.map((follower) =>
      repointReplica(deps, order.cluster, follower, order.candidate).catch((error: unknown) =>
        deps.heartbeat({ notYetFollowing: follower, because: words(error) }),
      ),
    ),
  );
}

const LOST = new Set(['HOST_UNREACHABLE', 'HOST_TIMED_OUT', 'CONNECTION_LOST']);
const TRIES = 3;

/** A candidate that stays away is given up, so that another can be elected; one that answers again is retried. */
async function lostOrRetry(deps: Deps, { cluster, candidate }: OpenOrder, error: RunbookError): Promise<RunbookError> {
  const server = deps.servers.of(cluster, knownInstance(cluster, candidate));
  for (let tries = 0; tries < TRIES; tries += 1) {
    deps.heartbeat({ lookingFor: candidate });
    const answers = await server.value('SELECT 1', [], { deadlineMs: 500 }).then(
      () => true,
      () => false,
    );
    if (answers) return error;
  }
  return new RunbookError({
    code: 'CANDIDATE_LOST',
    message: `${candidate} died while it was being opened (${error.message})`,
    hint: 'Another candidate is elected.',
    cause: error,
  });
}
