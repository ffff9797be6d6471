import { type Cluster } from '../../workflows/decisions/cluster';
import { type ClusterSnapshot, type Member, unreadable } from '../../workflows/decisions/facts';
import { type FenceFindings } from '../../workflows/decisions/fence';
import { type StepPart } from '../../workflows/decisions/report';
import { type Deps, knownInstance, serverNamed, stopwatch, words } from '../deps';
import { RunbookError } from '../errors';
import { closeBounded } from '../mysql/sessions';
import { lookAtCluster } from '../observe/cluster';
import { stopReceiver } from '../replication/receivers';
import { fenceRouters } from '../routing/writes';
import { runFenceCommand } from './command';

export interface FenceOrder {
  readonly cluster: Cluster;
  readonly oldPrimary: string;
  /** It answered the last look: then it is worth waiting for its own word. */
  readonly answered: boolean;
}

export interface Fenced {
  readonly findings: FenceFindings;
  /** Positions after every receiver stands still: what the election is held on. */
  readonly frozen: ClusterSnapshot;
  readonly parts: readonly StepPart[];
}

/**
 * Take from the old primary the power to acknowledge writes, willing or not, and make positions hold still: routers point
 * nowhere and cut sessions, receivers stop (which starves semi-synchronous commits), its own super_read_only, its fence command;
 * all at once. Judges nothing: what was achieved is in the result.
 * Idempotent: every statement sets an absolute state. Never throws for a member that cannot be reached.
 */
export async function fenceOldPrimary(deps: Deps, { cluster, oldPrimary, answered }: FenceOrder): Promise<Fenced> {
  const watch = stopwatch('fence', deps.checkpoint);
  const replicas = cluster.instances.filter((instance) => instance.name !== oldPrimary);
  const marked = async <T>(name: string, work: Promise<T>): Promise<T> => work.finally(() => watch.mark(name));

  const freeze = async () => {
    const [routers, still] = await Promise.all([
      marked('routers fenced', fenceRouters(deps, cluster)),
      holdStill(deps, { ...cluster, instances: replicas }, (name) => watch.mark(name)),
    ]);
    return { routers, ...still };
  };
  const [{ routers, receivers, frozen }, itself] = await Promise.all([
    freeze(),
    marked('old primary asked', fenceServer(deps, { cluster, oldPrimary, answered })),
  ]);
  return {
    findings: {
      routers,
      receiversStopped: receivers.filter((one) => one.stopped).map((one) => one.replica),
      receiversNotStopped: receivers
        .filter((one) => !one.stopped)
        .map(({ replica, because }) => ({ replica, because })),
      ...itself,
    },
    frozen,
    parts: watch.parts(),
  };
}

interface Stopped {
  readonly replica: string;
  readonly stopped: boolean;
  readonly because: string;
  /** It did not answer in time. */
  readonly silent: boolean;
}

interface Still {
  readonly receivers: readonly Stopped[];
  readonly frozen: ClusterSnapshot;
}

/**
 * Stop every receiver and read the positions. A member that is silent is asked once more, with patience: it may be this worker that is
 * slow, and what it received may be what nobody else has. One whose receiver could not be stopped is not read: its position still moves.
 */
async function holdStill(deps: Deps, cluster: Cluster, mark: (name: string) => void): Promise<Still> {
  const stop = () => Promise.all(cluster.instances.map((replica) => tryStopReceiver(deps, cluster, replica.name)));
  let receivers = await stop();
  mark('receivers stopped');
  let frozen = await lookAtCluster(deps.servers, cluster, { full: false });
  if (
    unreadable(frozen.members).some(({ reason }) => reason === 'timed out') ||
    receivers.some(({ silent }) => silent)
  ) {
    receivers = await stop();
    frozen = await lookAtCluster(deps.servers, cluster, { full: false, deadlineMs: PATIENT_DEADLINE_MS });
  }
  mark('positions collected');
  const moving = new Map(receivers.filter((one) => !one.stopped).map((one) => [one.replica, one.because]));
  const members = frozen.members.map((member): Member => {
    const because = moving.get(member.name);
    if (because === undefined || !member.readable) return member;
    const { name, host, port } = member;
    return {
      name,
      host,
      port,
      readable: false,
      reason: 'failed',
      detail: `its receiver could not be stopped: ${because}`,
    };
  });
  return { receivers, frozen: { ...frozen, members } };
}

const PATIENT_DEADLINE_MS = 3_000;

/**
 * The old primary alone: its own super_read_only and its fence command. For a cluster where another server is open already and
 * neither routers nor receivers may be stopped once more. Idempotent, never throws.
 */
export async function fenceServer(
  deps: Deps,
  { cluster, oldPrimary, answered }: FenceOrder,
): Promise<Pick<FenceFindings, 'superReadOnly' | 'command'>> {
  const [superReadOnly, command] = await Promise.all([
    closeOldPrimary(deps, cluster, oldPrimary, answered),
    runFenceCommand(knownInstance(cluster, oldPrimary)),
  ]);
  return { superReadOnly, command };
}

async function tryStopReceiver(deps: Deps, cluster: Cluster, replica: string): Promise<Stopped> {
  try {
    await stopReceiver(serverNamed(deps, cluster, replica));
    return { replica, stopped: true, because: 'stopped', silent: false };
  } catch (error) {
    const silent = error instanceof RunbookError && error.code === 'HOST_TIMED_OUT';
    return { replica, stopped: false, because: words(error), silent };
  }
}

/**
 * Ask the old primary for super_read_only, bounded: a session in the middle of a commit or with LOCK TABLES makes it wait (manual,
 * "super_read_only"), and one that did not answer the look is not worth more than a moment of the clients' time.
 */
export async function closeOldPrimary(
  deps: Deps,
  cluster: Cluster,
  name: string,
  answered: boolean,
): Promise<FenceFindings['superReadOnly']> {
  try {
    await serverNamed(deps, cluster, name).session(
      async (session) => {
        for (const statement of closeBounded()) await session.run(statement);
      },
      { deadlineMs: answered ? 1_500 : 60 },
    );
    return { set: true, because: 'set' };
  } catch (error) {
    return { set: false, because: words(error) };
  }
}
