import { setTimeout as pause } from 'node:timers/promises';
import { type Deps, knownInstance, words } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { endDumpSession } from '../replication/dump-session';
import { openWrites } from '../replication/open-writes';
import { repointReplica } from '../replication/repoint';
import { refuseIfMoved } from './moved';
import { held, onRouters, type Pair, type SwitchOrder, type Unwitnessed } from './order';
import { releaseLeft, releaseRouters } from './release';
/**
 * The candidate closed for sure where it answers, the old primary open, the routers at it: in this order, so that never two take writes.
 * Nobody waits for the answer of a candidate that was never told to open; one that was may have taken writes, and then there is no way back.
 * Throws PRIMARY_LOST, CANDIDATE_LOST (both end the change), and what another attempt may mend.
 */
export async function undo(deps: Deps, order: SwitchOrder, because: string, pair: Pair): Promise<Unwitnessed> {
  const { from, to, watch, mayBeOpen } = pair;
  const closing = to.run('SET GLOBAL super_read_only = ON', [], { deadlineMs: CLOSE_WITHIN_MS }).then(
    () => true,
    () => false,
  );
  const following: Promise<void>[] = [];
  try {
    if (mayBeOpen) await refuseIfMoved(deps, order, await closing);
    following.push(followAgain(deps, order, pair, closing));
    await openAgain(order, from);
  } catch (error) {
    // A failover follows: nothing of ours may move a replica or hold clients behind its back.
    await Promise.all([...following, releaseRouters(deps, held(order))]);
    throw error;
  }
  watch.mark('open again');
  await onRouters(deps, order, (router) => router.pointWritesTo(knownInstance(order.cluster, order.from)));
  // The old primary's clients wait: another attempt mends what this one could not.
  await releaseLeft(deps, held(order));
  await Promise.race([...following, pause(FOLLOWS_WITHIN_MS)]);
  watch.mark('undone');
  const uuid = String(await from.value('SELECT @@server_uuid'));
  const left =
    (await closing) || !mayBeOpen
      ? []
      : [
          `${order.to} did not answer when it was closed again, and may take writes when it comes back: no router leads to it; set super_read_only there before anything else`,
        ];
  return { result: 'undone', uuid, because, left, parts: watch.parts() };
}

/** Clients wait behind it, for a server that may be gone. */
const CLOSE_WITHIN_MS = 200;
const FOLLOWS_WITHIN_MS = 500;

/** Who does not answer twice is not waited for: a failover has ways to go on without it, and cannot begin before this has ended. */
async function openAgain({ from }: SwitchOrder, old: Mysql): Promise<void> {
  try {
    await openWrites(old).catch(() => openWrites(old));
  } catch (error) {
    throw new RunbookError({
      code: 'PRIMARY_LOST',
      message: `${from} was lost while it was frozen, and cannot be opened again: ${words(error)}`,
      hint: 'Start emergencyFailover: it opens the server that has everything.',
    });
  }
}

/**
 * The old primary may be left without anybody who acknowledges its commits: the candidate is gone perhaps, and the others copy from it.
 * What cannot be done is left to the runbook, which points them back, too. Never throws.
 */
async function followAgain(
  deps: Deps,
  { cluster, below, from }: SwitchOrder,
  { from: old, toUuid }: Pair,
  candidateAnswers: Promise<boolean>,
): Promise<void> {
  const forget = async () => {
    if (toUuid !== undefined && !(await candidateAnswers)) await endDumpSession(old, toUuid);
  };
  const back = below.map((name) => repointReplica(deps, cluster, name, from));
  await Promise.allSettled([forget(), ...back]);
}
