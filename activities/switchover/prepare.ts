import { setTimeout as pause } from 'node:timers/promises';
import { type CaughtUp } from '../../workflows/decisions/caught-up';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type RouterView } from '../../workflows/decisions/evidence';
import { channelOf, type ClusterSnapshot } from '../../workflows/decisions/facts';
import { countText, subtractText } from '../../workflows/decisions/gtid-set';
import { type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { findCluster } from '../inventory/inventory';
import { lookAtCluster } from '../observe/cluster';
import { factsOf } from '../replication/apply';
import { executedOn } from '../replication/meet';
import { type RouterSettings } from '../routing/control';
import { openRouter } from '../routing/router';
import { readRouters, viewOf } from '../routing/view';

export interface Preview {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly routers: readonly RouterView[];
  /** What a hold changes, as each router has it now, by router name. */
  readonly settings: Readonly<Record<string, RouterSettings>>;
  /** Routers that let nobody wait. */
  readonly cannotHold: readonly string[];
}

/** A planned change has time: a router that is slow to answer is not one that is away. */
const PATIENT_MS = 2_000;

/** The whole look before a planned change: settings and grants too. Changes nothing. Throws UNKNOWN_CLUSTER, INVENTORY_INVALID. */
export async function previewCluster(deps: Deps, name: string): Promise<Preview> {
  const cluster = findCluster(await deps.inventory(), name);
  const [snapshot, readings] = await Promise.all([
    lookAtCluster(deps.servers, cluster, { full: true }),
    readRouters(deps, cluster, PATIENT_MS),
  ]);
  const settings = Object.fromEntries(readings.map((one) => [one.router, one.ok ? one.value.settings : {}]));
  const cannotHold = cluster.routers
    .map((router) => openRouter(deps, router, cluster.instances))
    .filter(({ holds }) => !holds)
    .map(({ name: router }) => router);
  return { cluster, snapshot, routers: readings.map(viewOf), settings, cannotHold };
}

/** Behind by less than this, the rest is applied while clients wait. */
const CLOSE_MS = 100;
const ONE_WAIT_SECONDS = 1;

/**
 * Wait, before anybody is held, until the candidate applies what the primary commits within a tenth of a second. Throws RELAY_LOG_STALLED
 * when it has not come that far within `applyStallSeconds`. Changes nothing, repeats safely.
 */
export async function catchUp(deps: Deps, cluster: Cluster, primary: string, candidate: string): Promise<CaughtUp> {
  const [from, to] = [serverNamed(deps, cluster, primary), serverNamed(deps, cluster, candidate)];
  const begun = performance.now();
  const before = await executedOn(to);
  for (;;) {
    const committed = await executedOn(from);
    const asked = performance.now();
    const late = await to.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [committed, ONE_WAIT_SECONDS], {
      deadlineMs: ONE_WAIT_SECONDS * 1000 + 2_000,
    });
    const behindMs = Math.round(performance.now() - asked);
    const waitedMs = Math.round(performance.now() - begun);
    if (Number(late) === 0 && behindMs < CLOSE_MS)
      return { behindMs, waitedMs, applied: newIn(before, await executedOn(to)) };
    if (waitedMs > cluster.failover.applyStallSeconds * 1000) {
      const applied = newIn(before, await executedOn(to));
      throw new RunbookError({
        code: 'RELAY_LOG_STALLED',
        message: `${candidate} does not keep up with ${primary}: after ${waitedMs} ms, in which it applied ${applied} transactions, it is still more than ${CLOSE_MS} ms behind`,
        hint: 'Look for what slows its applier, or switch over when there is less to write.',
      });
    }
    deps.heartbeat({ catchingUp: candidate, behindMs });
  }
}

const newIn = (before: string, after: string): number => countText(subtractText(after, before));

const LOOK_EVERY_MS = 20;
const RECEIVES_WITHIN_MS = 10_000;

/**
 * Wait, before anybody is held, until a replica that was pointed at its next source really receives from it: one that cannot connect would
 * leave the first commit of a semi-synchronous primary without an acknowledgement. Throws RECEIVER_STOPPED with what the server says of
 * it. Changes nothing, repeats safely.
 */
export async function awaitReceiver(deps: Deps, cluster: Cluster, replica: string): Promise<void> {
  const until = performance.now() + RECEIVES_WITHIN_MS;
  for (;;) {
    const channel = channelOf(await factsOf(deps, cluster, replica));
    if (channel?.receiver === 'running') return;
    if (performance.now() > until)
      throw new RunbookError({
        code: 'RECEIVER_STOPPED',
        message: `${replica} does not receive from its new source: ${channel?.receiverError?.message ?? 'its receiver does not run'}`,
        hint: 'Mend what it names, then start this again.',
      });
    deps.heartbeat({ waitingFor: replica });
    await pause(LOOK_EVERY_MS);
  }
}
