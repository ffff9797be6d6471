import { hostname } from 'node:os';
import { type Cluster, instanceNamed } from '../../workflows/decisions/cluster';
import { type CommitProbe, isOutdated, type LastSeen, type Sighting } from '../../workflows/decisions/evidence';
import { decideFailover } from '../../workflows/decisions/failover';
import { newestEpoch } from '../../workflows/decisions/facts';
import { outsiders } from '../../workflows/decisions/outsiders';
import { primaryOf } from '../../workflows/decisions/topology';
import { calm, follow, restAfter, shouldStart, type Streak } from '../../workflows/decisions/watch';
import { type FailoverOrder } from '../../workflows/inputs';
import { type Deps, words } from '../deps';
import { findCluster } from '../inventory/inventory';
import { lookAtCluster } from '../observe/cluster';
import { probeCommit } from '../observe/commit-probe';
import { guardFences } from './guard';
import { acknowledgersIn, readVitals, seenNow } from './vitals';

/** Starts a failover under the cluster's lock; resolves with the outcome when that run (or the one already running) has ended. */
export type StartFailover = (order: FailoverOrder) => Promise<{
  readonly run: string;
  readonly ended: Promise<{ readonly outcome: string; readonly newPrimary: string | null }>;
}>;

export interface WatchDeps extends Deps {
  readonly startFailover: StartFailover;
  /** Run the whole decision as a dry run, so that the first real one finds everything loaded. */
  readonly rehearse: (cluster: string) => Promise<void>;
  /** What the observer before this one last saw: the primary may have died together with its worker. */
  readonly remembered: LastSeen | null;
  /** Aborted when the worker shuts down or the watcher is stopped. */
  readonly cancelled: AbortSignal;
}

/** A healthy server answers in a few milliseconds; one that has not by then is worth a look through its replicas. */
const VITALS_DEADLINE_MS = 250;
const SILENT_DEADLINE_MS = 80;
const COMMIT_EVERY_MS = 1_000;
const COMMIT_DEADLINE_MS = 1_000;
const LOOK_EVERY_MS = 1_000;
/** While something has just changed for the worse we look again at once; trouble that stays is not worth hammering a server with logins. */
const SUSPICION_EVERY_MS = 30;
const EAGER_MS = 10_000;

/**
 * Watch one cluster until cancelled: vitals of the primary every `probeMs` on kept connections, a commit once a second, all
 * members once a second. When the judgement holds, start the failover and wait for its end. What was last seen of the primary goes
 * out with each heartbeat, so that it survives this process. Never throws for anything that a server does.
 */
export async function observePrimary(
  deps: WatchDeps,
  { cluster: name, probeMs }: { readonly cluster: string; readonly probeMs: number },
): Promise<void> {
  const observer = `${hostname()}:${process.pid}`;
  let lastSeen = deps.remembered;
  let commit = null as CommitProbe | null;
  let commitRunning = false;
  let streak: Streak = calm;
  let [lastLifeMs, nextCommitMs, nextLookMs, restUntilMs, eagerUntilMs] = [performance.now(), 0, 0, 0, 0];
  let acknowledgers: readonly string[] = lastSeen?.acknowledgers ?? [];
  let epoch = lastSeen?.epoch;
  let found: string | null = null;
  let state = 'beginning';
  let silent = false;
  const guard = guardFences(deps);

  const probeCommitInBackground = async (cluster: Cluster, primary: string): Promise<void> => {
    const instance = instanceNamed(cluster, primary);
    const uuid = lastSeen?.primary === primary ? lastSeen.primaryUuid : undefined;
    if (commitRunning || !instance || uuid === undefined) return;
    commitRunning = true;
    try {
      commit = await probeCommit(deps.servers, cluster, instance, uuid, COMMIT_DEADLINE_MS);
      if (commit.outcome === 'committed' && lastSeen) lastSeen = { ...lastSeen, committedAt: new Date().toISOString() };
    } finally {
      commitRunning = false;
    }
  };

  void deps.rehearse(name).catch(() => undefined);
  while (!deps.cancelled.aborted) {
    const begin = performance.now();
    deps.heartbeat({ lastSeen, state, observer });
    const cluster = findCluster(await deps.inventory(), name);
    if (lastSeen === null) {
      const snapshot = await lookAtCluster(deps.servers, cluster, { full: false });
      epoch = newestEpoch(snapshot);
      found = primaryOf(snapshot, cluster).primary;
    }
    const primary = lastSeen?.primary ?? found;
    if (primary === null) {
      state = 'no primary is known';
      await pause(deps, probeMs * 5);
      continue;
    }

    const vitals = await readVitals(deps.servers, cluster, primary, silent ? SILENT_DEADLINE_MS : VITALS_DEADLINE_MS);
    silent = vitals === null;
    if (vitals !== null && !vitals.readOnly) {
      lastSeen = seenNow(primary, vitals, { acknowledgers, epoch }, lastSeen);
      lastLifeMs = begin;
      state = `${primary} is well`;
    }
    if (begin >= nextCommitMs) {
      nextCommitMs = begin + COMMIT_EVERY_MS;
      void probeCommitInBackground(cluster, primary);
    }

    const suspicious = vitals === null || vitals.readOnly || (commit !== null && commit.outcome !== 'committed');
    if (!suspicious) eagerUntilMs = begin + EAGER_MS;
    const eager = suspicious && begin < eagerUntilMs;
    if (eager || begin >= nextLookMs) {
      nextLookMs = begin + LOOK_EVERY_MS;
      const snapshot = await lookAtCluster(deps.servers, cluster, {
        full: false,
        ...(vitals === null && { suspect: primary }),
      });
      if (lastSeen !== null && isOutdated(lastSeen, snapshot)) {
        lastSeen = null;
        streak = calm;
        continue;
      }
      epoch = newestEpoch(snapshot);
      acknowledgers = acknowledgersIn(snapshot) ?? acknowledgers;
      // No routers: whether the primary lives is not theirs to say. The run that is started looks at them.
      const sighting: Sighting = { snapshot, primary, commit, lastSeen, routers: [] };
      const decision = decideFailover({ cluster, sighting });
      if (suspicious) state = decision.because;
      const before = streak.kind;
      streak = follow(streak, decision, begin);
      if (streak.kind !== before) eagerUntilMs = begin + EAGER_MS;
      // Not awaited: copying lost transactions may take minutes, in which nobody would watch and no heartbeat would come.
      void guard(cluster, snapshot).catch(() => undefined);

      // A runbook opened another one (its epoch says so), or somebody moved the primary on purpose: watch the new one.
      const opened = outsiders(snapshot).current;
      const moved = opened ?? (decision.act === 'stand down' ? primaryOf(snapshot, cluster).primary : null);
      if (moved !== null && moved !== primary) {
        lastSeen = null;
        streak = calm;
        continue;
      }
      if (begin >= restUntilMs && shouldStart(streak, cluster.failover, lastLifeMs, performance.now())) {
        const ended = await startAndWait(deps, name, decision.because, lastSeen, () =>
          deps.heartbeat({ lastSeen, state: 'a failover is running', observer }),
        );
        // Whoever was opened is watched at once, also when the run could not finish: it may be the next to die.
        restUntilMs = performance.now() + restAfter(ended.newPrimary === null ? ended.outcome : 'done');
        streak = calm;
        commit = null;
        if (ended.newPrimary !== null) lastSeen = null;
        continue;
      }
    }
    await pause(deps, Math.max(5, (eager ? SUSPICION_EVERY_MS : probeMs) - (performance.now() - begin)));
  }
}

async function startAndWait(
  deps: WatchDeps,
  cluster: string,
  because: string,
  lastSeen: LastSeen | null,
  beat: () => void,
): Promise<{ outcome: string; newPrimary: string | null }> {
  const beating = setInterval(beat, 500);
  try {
    const { ended } = await deps.startFailover({
      cluster,
      dryRun: false,
      reason: because,
      requestedBy: 'watchCluster',
      trigger: 'watcher',
      watcher: { noticedAt: new Date().toISOString(), because, lastSeen },
    });
    return await ended;
  } catch (error) {
    return { outcome: `not started: ${words(error)}`, newPrimary: null };
  } finally {
    clearInterval(beating);
  }
}

/** A pause that a cancellation ends. */
const pause = (deps: WatchDeps, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      deps.cancelled.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    deps.cancelled.addEventListener('abort', end, { once: true });
  });
