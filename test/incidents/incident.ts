import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { untilWatched } from '../../lab/watched';
import { type Lab, type LabOptions } from '../../lab';
import { type Faults, faultsOf } from '../../lab/faults';
import { reportOf, reportOfChange } from '../../lab/follow-run';
import { type Load, type LoadOptions, type LoadResult, startLoad } from '../../lab/load';
import { type WorkerOptions } from '../../lab/worker';
import { type RunbookReport } from '../../workflows/decisions/report';
import {
  changeId,
  EMERGENCY_TASK_QUEUE,
  progressQuery,
  type RunProgress,
  TASK_QUEUE,
  watchId,
} from '../../workflows/messages';
import { type Expectations, violatedInvariants } from '../support/invariants';
import { inLab } from '../support/lab';
import { eventually } from '../support/wait';

/** One incident on a fleet of its own: real servers, router, Temporal and worker, a watcher unless told otherwise, and a load. */
export interface Incident {
  readonly lab: Lab;
  readonly faults: Faults;
  readonly client: Client;
  readonly load: Load;
  /** The report of the run under the cluster's lock, once there is one and it has ended. */
  readonly report: () => Promise<RunbookReport>;
  /** What the run under the lock is doing, once `until` says so of it. */
  readonly progress: (until: (progress: RunProgress) => boolean) => Promise<RunProgress>;
  /** Start an emergency failover as a person would; resolves with its report. */
  readonly start: (input?: object) => Promise<RunbookReport>;
  readonly approve: (reason?: string) => Promise<string>;
  readonly reject: (reason: string) => Promise<string>;
  /** Stop the load and check I1, I2, I3, I5 and I6 until they hold; returns what the clients saw. */
  readonly settle: (expectations?: Omit<Expectations, 'load'>) => Promise<LoadResult>;
}

export interface Scene extends LabOptions {
  /** Default true. */
  readonly watched?: boolean;
  /** Writes per second. Default 200. */
  readonly perSecond?: number;
  /** Default: one without faults. */
  readonly workers?: readonly WorkerOptions[];
  /** Puts routers of another kind in front of the fleet, and says where clients come in. Needs `router: 'none'`. */
  readonly entrance?: (lab: Lab) => Promise<Entrance>;
}

export interface Entrance {
  readonly load: LoadOptions;
  readonly stop: () => Promise<void>;
}

export async function incident(scene: Scene, story: (incident: Incident) => Promise<void>): Promise<void> {
  const { watched = true, perSecond = 200, workers = [{}], entrance, ...options } = scene;
  await inLab({ temporal: true, ...options }, async (lab) => {
    const door = await entrance?.(lab);
    const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
    try {
      await Promise.all(workers.map((worker) => lab.startWorker(worker)));
      const client = new Client({ connection });
      if (watched) {
        await client.workflow.start('watchCluster', {
          workflowId: watchId(lab.cluster),
          taskQueue: TASK_QUEUE,
          args: [{ cluster: lab.cluster }],
        });
        await untilWatched(client, lab.cluster);
      }
      const load = startLoad(lab, { perSecond, ...door?.load });
      await load.nextAcknowledgement();
      try {
        await story(tell(lab, client, load));
      } finally {
        await load.stop();
      }
    } finally {
      await connection.close();
      await door?.stop();
    }
  });
}

function tell(lab: Lab, client: Client, load: Load): Incident {
  const handle = () => client.workflow.getHandle(changeId(lab.cluster));
  const vote = { by: 'tester@example.com' };
  return {
    lab,
    client,
    load,
    faults: faultsOf(lab.state),
    report: () => reportOfChange(client, lab.cluster),
    progress: (until) =>
      eventually(
        'the run says what is waited for',
        async () => {
          const progress = await known(() => handle().query(progressQuery));
          return progress && until(progress) ? progress : undefined;
        },
        60_000,
      ),
    start: async (input = {}) =>
      reportOf(
        await client.workflow.start('emergencyFailover', {
          workflowId: changeId(lab.cluster),
          taskQueue: EMERGENCY_TASK_QUEUE,
          args: [{ cluster: lab.cluster, requestedBy: vote.by, reason: 'test', ...input }],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        }),
      ),
    approve: async (reason = '') => {
      const plan = (await handle().query(progressQuery)).question?.planHash ?? '';
      return handle().executeUpdate('approve', { args: [{ ...vote, reason, plan }] });
    },
    reject: (reason) => handle().executeUpdate('reject', { args: [{ ...vote, reason }] }),
    settle: async (expectations = {}) => {
      const seen = await load.stop();
      await eventually(
        'every invariant holds',
        async () => {
          const violated = await violatedInvariants(lab, { ...expectations, load: seen });
          if (violated.length > 0) throw new Error(violated.join('\n'));
          return true;
        },
        30_000,
      );
      return seen;
    },
  };
}

async function known<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
