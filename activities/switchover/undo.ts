import { setTimeout as pause } from 'node:timers/promises';
import { type Deps, knownInstance, words } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { endDumpSession } from '../replication/dump-session';
import { isStillHeld, type Right } from '../replication/open-writes';
import { repointReplica } from '../replication/repoint';
import { refuseIfMoved } from './moved';
import { held, onRouters, type Pair, type SwitchOrder, type Unwitnessed } from './order';
import { releaseLeft, releaseRouters } from './release';

export interface Undoing {
  readonly because: string;
  /** To open the old primary: whoever has it, decides. */
  readonly back: Right;
  /** Null where the candidate could not be claimed: then this attempt has not told it to open. */
  readonly candidate: Right | null;
}

/**
 * The candidate closed for sure where it answers, the old primary open, the routers at it: in this order, so that never two take writes.
 * Nobody waits for the answer of a candidate that was never told to open; one that was may have taken writes, and then there is no way back.
 * Throws PRIMARY_LOST, CANDIDATE_LOST (both end the change), and what another attempt may mend, CONNECTION_LOST where that one has begun
 * already: then nothing is touched.
 */
export async function undo(deps: Deps, order: SwitchOrder, pair: Pair, undoing: Undoing): Promise<Unwitnessed> {
  const { from, to, watch, mayBeOpen } = pair;
  await refuseIfOvertaken(deps, order, from, undoing.back);
  const closing = undoing.candidate === null ? Promise.resolve(false) : isClosedBy(undoing.candidate);
  if (mayBeOpen) {
    if (!(await closing) && (await answers(to))) throw overtaken(order.to);
    await refuseIfMoved(deps, order, await closing).catch((error: unknown) => end(deps, order, error));
  }
  const followed = followAgain(deps, order, pair, closing);
  try {
    await undoing.back.open();
  } catch (error) {
    // A failover may follow: nothing of ours moves a replica behind its back.
    await followed;
    if (await answers(from)) throw error;
    await primaryLost(deps, order, words(error));
  }
  watch.mark('open again');
  await onRouters(deps, order, (router) => router.pointWritesTo(knownInstance(order.cluster, order.from)));
  // The old primary's clients wait: another attempt mends what this one could not.
  await releaseLeft(deps, held(order));
  await Promise.race([followed, pause(FOLLOWS_WITHIN_MS)]);
  watch.mark('undone');
  const uuid = String(await from.value('SELECT @@server_uuid'));
  const left =
    (await closing) || !mayBeOpen
      ? []
      : [
          `${order.to} did not answer when it was closed again, and may take writes when it comes back: no router leads to it; set super_read_only there before anything else`,
        ];
  return { result: 'undone', uuid, because: undoing.because, left, parts: watch.parts() };
}

const FOLLOWS_WITHIN_MS = 500;
/** Clients wait behind it, for a server that may be gone. */
const CLOSE_WITHIN_MS = 200;

const isClosedBy = (candidate: Right): Promise<boolean> =>
  Promise.race([
    candidate.close().then(
      () => true,
      () => false,
    ),
    pause(CLOSE_WITHIN_MS, false),
  ]);

/** Null when it answers. */
export const whySilent = (server: Mysql): Promise<string | null> => server.value('SELECT 1').then(() => null, words);

const answers = async (server: Mysql): Promise<boolean> => (await whySilent(server)) === null;

async function refuseIfOvertaken(deps: Deps, order: SwitchOrder, from: Mysql, back: Right): Promise<void> {
  if (await isStillHeld(from, back).catch(() => false)) return;
  if (await answers(from)) throw overtaken(order.from);
  await primaryLost(deps, order, 'it does not answer');
}

export const overtaken = (server: string): RunbookError =>
  new RunbookError({
    code: 'CONNECTION_LOST',
    message: `this attempt has not, or no longer, the right to open ${server}: another one has taken over, or the connection broke`,
    hint: 'Nothing to do: the attempt that follows finishes or undoes.',
  });

/** Who does not answer is not waited for: a failover has ways to go on without it, and cannot begin before this has ended. */
export const primaryLost = (deps: Deps, order: SwitchOrder, because: string): Promise<never> =>
  end(
    deps,
    order,
    new RunbookError({
      code: 'PRIMARY_LOST',
      message: `${order.from} was lost while it was frozen, and cannot be opened again: ${because}`,
      hint: 'Start emergencyFailover: it opens the server that has everything.',
    }),
  );

/** No hold may outlive the change. Throws `error`. */
async function end(deps: Deps, order: SwitchOrder, error: unknown): Promise<never> {
  await releaseRouters(deps, held(order));
  throw error;
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
