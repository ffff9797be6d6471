import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { type Client, type WorkflowHandle } from '@temporalio/client';
import { type Activities } from '../../activities';
import { RunbookError, type ErrorCode } from '../../activities/errors';
import { returnPermit, takePermit } from '../../activities/permits/permits';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Sighting } from '../../workflows/decisions/evidence';
import { type ClusterSnapshot } from '../../workflows/decisions/facts';
import { type Permit } from '../../workflows/decisions/permits';
import { type RunbookReport } from '../../workflows/decisions/report';
import { type Question } from '../../workflows/decisions/question';
import { approveUpdate, changeId, EMERGENCY_TASK_QUEUE, progressQuery, rejectUpdate } from '../../workflows/messages';
import { automatic, deaf, P, seen, sighting } from '../decisions/facts';
import { silent, uuidOf } from '../decisions/members';
import { type Clock, ELSEWHERE, startTemporal, type TestTemporal, type Told } from './temporal';

/** What the world does in one test: whatever a scene does not say goes well. */
export interface Scene {
  readonly cluster: Cluster;
  /** One for each look; the last one stays. */
  readonly looks: readonly Sighting[];
  /** Members as they stand when receivers are stopped; without it, as at the first look without the old primary. */
  readonly frozen?: readonly ClusterSnapshot[];
  readonly acts?: Partial<Activities>;
  readonly elsewhere?: Partial<Activities>;
}

export interface Played {
  readonly cluster: string;
  /** Names of the activities that ran, with the server they were for. */
  readonly calls: string[];
}

export const gone = silent('db1', 'refused');
export const db2 = deaf('db2', { executed: `${P}:1-100` });
export const db3 = deaf('db3', { executed: `${P}:1-100` });
export const dead = sighting([gone, db2, db3], { lastSeen: seen(`${P}:1-100`) });

/** What a run did to the fleet: looks and bookkeeping left out. */
export const touched = (calls: readonly string[]): string[] =>
  calls.filter(
    (call) =>
      !/^(sightCluster|previewCluster|nextWindow|readMembers|takePermit|returnPermit|writeReport|second look)/.test(
        call,
      ),
  );

export const fails = (code: ErrorCode, message: string) => (): Promise<never> =>
  Promise.reject(new RunbookError({ code, message, hint: 'Mend it.' }));

/** Fails `times` times, then goes well. */
export const failsFirst = <Result>(times: number, failure: () => Promise<never>, then: () => Result) => {
  let left = times;
  return (): Promise<Result> => (left-- > 0 ? failure() : Promise.resolve(then()));
};

export const policy = (change: Partial<Cluster['failover']>, rest: Partial<Cluster> = {}): Cluster =>
  automatic({ ...rest, failover: { ...automatic().failover, ...change } });

/** One Temporal for a whole file; each test puts its own cluster on it, so tests do not meet. */
export class Stage {
  readonly #scenes = new Map<string, Scene & { calls: string[]; looked: number; froze: number }>();
  readonly #runs = new Map<string, string>();
  #temporal: TestTemporal | null = null;

  async open(told: (() => Told) | null = null, clock: Clock = 'real'): Promise<void> {
    const elsewhere = {
      sightCluster: (order: { cluster: string }) => this.#act(order.cluster, 'second look', 'elsewhere', order),
    };
    this.#temporal = await startTemporal(this.#activities(), elsewhere as Partial<Activities>, told, clock);
  }

  close = (): Promise<void> => this.#temporal?.stop() ?? Promise.resolve();

  get client(): Client {
    if (!this.#temporal) throw new Error('the stage is not open');
    return this.#temporal.env.client;
  }

  get address(): string {
    if (!this.#temporal) throw new Error('the stage is not open');
    return this.#temporal.env.address;
  }

  get connection() {
    if (!this.#temporal) throw new Error('the stage is not open');
    return this.#temporal.env.nativeConnection;
  }

  put(scene: Partial<Scene> = {}): Played {
    const name = `c-${randomUUID().slice(0, 8)}`;
    const cluster = { ...(scene.cluster ?? automatic()), name };
    const played = { looks: [dead], ...scene, cluster, calls: [] as string[], looked: 0, froze: 0 };
    this.#scenes.set(name, played);
    return { cluster: name, calls: played.calls };
  }

  start(played: Played, order: object = {}, workflowId = changeId(played.cluster)): Promise<WorkflowHandle> {
    return this.client.workflow.start('emergencyFailover', {
      workflowId,
      taskQueue: EMERGENCY_TASK_QUEUE,
      args: [{ cluster: played.cluster, ...order }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  }

  /** Another runbook under the cluster's lock. */
  begin(runbook: string, played: Played, order: object = {}): Promise<WorkflowHandle> {
    return this.client.workflow.start(runbook, {
      workflowId: changeId(played.cluster),
      taskQueue: EMERGENCY_TASK_QUEUE,
      args: [{ cluster: played.cluster, ...order }],
    });
  }

  async run(played: Played, order: object = {}): Promise<RunbookReport> {
    return (await this.start(played, order)).result() as Promise<RunbookReport>;
  }

  /** Waits until the run asks something (else than `but`), or fails when it ends instead. */
  async question(handle: WorkflowHandle, but = ''): Promise<Question> {
    for (;;) {
      const progress = await handle.query(progressQuery);
      if (progress.outcome !== null) throw new Error(`the run ended (${progress.outcome}): ${progress.headline}`);
      if (progress.question && progress.question.id !== but) return progress.question;
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  async approve(handle: WorkflowHandle, but = ''): Promise<Question> {
    const question = await this.question(handle, but);
    await handle.executeUpdate(approveUpdate, { args: [{ by: 'ada', plan: question.planHash.slice(0, 12) }] });
    return question;
  }

  /** An update as anybody may send it; its answer, or the sentence that refuses it. */
  say(handle: WorkflowHandle, update: string, word: unknown): Promise<string> {
    return handle
      .executeUpdate<string, [unknown]>(update, { args: [word] })
      .catch((error: unknown) => ((error as Error).cause as Error).message);
  }

  async reject(handle: WorkflowHandle, but = ''): Promise<Question> {
    const question = await this.question(handle, but);
    await handle.executeUpdate(rejectUpdate, { args: [{ by: 'ada', reason: 'not now' }] });
    return question;
  }

  #act(name: string, call: string, where: 'acts' | 'elsewhere', order: unknown): unknown {
    const scene = this.#scenes.get(name);
    if (!scene) throw new RunbookError({ code: 'UNKNOWN_CLUSTER', message: `no cluster ${name}`, hint: 'Name one.' });
    scene.calls.push(call);
    const activity = call.split(' ')[0] as keyof Activities;
    const own = where === 'elsewhere' ? scene.elsewhere?.sightCluster : scene.acts?.[activity];
    if (own) return (own as (order: unknown) => unknown)(order);
    const asSeen = scene.looks[0]?.snapshot;
    const without = { ...dead.snapshot, members: asSeen?.members.filter((one) => one.name !== 'db1') ?? [] };
    const frozen = () => scene.frozen?.[Math.min(scene.froze++, scene.frozen.length - 1)] ?? without;
    const well: Record<string, () => unknown> = {
      sightCluster: () => ({
        cluster: scene.cluster,
        sighting: scene.looks[Math.min(scene.looked++, scene.looks.length - 1)],
        fleetLimit: { failovers: 3, perMinutes: 10 },
        parts: [{ name: 'members read', atMs: 4 }],
      }),
      second: () => ({ cluster: scene.cluster, sighting: scene.looks[0], fleetLimit: {}, parts: [] }),
      takePermit: () => ({ granted: true, because: 'allowed' }),
      fenceOldPrimary: () => ({
        findings: {
          routers: [{ router: 'edge', fenced: true, because: 'no writer' }],
          receiversStopped: ['db2', 'db3'],
          receiversNotStopped: [],
          superReadOnly: { set: false, because: 'no answer' },
          command: null,
        },
        frozen: frozen(),
        parts: [],
      }),
      fenceServer: () => ({ superReadOnly: { set: false, because: 'no answer' }, command: null }),
      readMembers: frozen,
      openPrimary: () => ({ result: 'opened', uuid: uuidOf('db2'), epoch: 2, executed: `${P}:1-100`, parts: [] }),
      routeWrites: () => ({
        routers: [{ router: 'edge', proved: true, elapsedMs: 12, because: 'a write came through' }],
        provedAt: new Date().toISOString(),
        parts: [],
      }),
      routeReads: () => ({ readers: ['db3'], because: 'readers: db3' }),
      repointReplica: () => ({ replica: '', result: 'changed' }),
      settleNewPrimary: () => ({ events: [], channelsReset: 1 }),
      quarantineOldPrimary: () => ({ reached: false, extra: '', because: 'no answer', file: null }),
      writeReport: () => [],
      previewCluster: () => ({
        cluster: scene.cluster,
        snapshot: scene.looks[0]?.snapshot,
        routers: [],
        settings: {},
        cannotHold: [],
      }),
      nextWindow: () => null,
      blackoutNow: () => ({ known: true, blackout: null }),
      holdupsOn: () => [],
      catchUp: () => ({ behindMs: 4, waitedMs: 20, applied: 3 }),
      switchPrimary: () => ({
        result: 'switched',
        uuid: uuidOf('db2'),
        epoch: 2,
        routed: { routers: [] },
        unreleased: [],
        gapMs: 31,
        parts: [],
      }),
      endSessions: () => [],
      lastSession: () => 50,
      awaitSessions: () => ({ back: true, because: '1 of its user shop connected to db2' }),
      restartApplication: () => 'ended well',
      closeAndCopy: () => ({
        extra: `${P}:101-103`,
        file: '/reports/lost.sql',
        changes: { transactions: 3, rows: [{ verb: 'INSERT', table: 'shop.orders', rows: 3 }], others: [] },
        verdict: { possible: true, because: 'they only add rows' },
        because: 'copied',
      }),
      replayExtras: () => ({ result: 'replayed', transactions: 3 }),
      closeForGood: () => ({ persisted: true, because: 'read-only now and at every start' }),
      advance: () => ({ reached: true, primaryWell: true, left: 0 }),
      settleRejoined: () => ({ lifted: false, left: [] }),
    };
    return well[activity]?.();
  }

  /** Every activity, told apart by the cluster it is for. */
  #activities(): Activities {
    interface Order {
      readonly cluster: string | { readonly name: string };
      readonly run?: string;
      /** Named as its cluster in tests. */
      readonly schedule?: string;
    }
    const act = (activity: string) => (order: Order | string) => {
      if (typeof order === 'string') return this.#act(this.#runs.get(order) ?? '', activity, 'acts', order);
      const name = order.schedule ?? (typeof order.cluster === 'string' ? order.cluster : order.cluster.name);
      if (activity === 'takePermit' && order.run) this.#runs.set(order.run, name);
      const { candidate, replica, primary, name: one } = order as unknown as Record<string, string | undefined>;
      const target = candidate ?? replica ?? primary ?? (activity === 'startReceiving' ? one : undefined);
      return this.#act(name, target ? `${activity} ${target}` : activity, 'acts', order);
    };
    const names = [
      ...[
        'sightCluster',
        'observePrimary',
        'takePermit',
        'returnPermit',
        'fenceOldPrimary',
        'fenceServer',
        'readMembers',
      ],
      ...['openPrimary', 'routeWrites', 'routeReads', 'repointReplica', 'startReceiving', 'settleNewPrimary'],
      ...['quarantineOldPrimary', 'writeReport', 'previewCluster', 'nextWindow', 'blackoutNow'],
      ...['surveyRestore', 'restoreTo', 'stopBefore', 'waitAgain', 'surveyPurge', 'purgeTo', 'archiveBinlogs'],
      ...['surveyDrill', 'prepareDrill', 'writeThroughout', 'awaitClients', 'countLost', 'recordDrill'],
      ...['holdupsOn', 'endHoldups', 'awaitReceiver', 'catchUp', 'switchPrimary'],
      ...['lastSession', 'awaitSessions', 'restartApplication', 'endSessions', 'releaseRouters'],
      ...['closeAndCopy', 'replayExtras', 'closeForGood', 'advance', 'settleRejoined'],
      ...['precheckUpgrade', 'watchLinks', 'detach', 'replaceProgram', 'tryQueries', 'compareRows', 'applyAgain'],
      ...['surveyProvision', 'openRecipient', 'cloneFrom', 'dumpInto', 'fillWithFiles', 'fillFromBackup', 'settleCopy'],
      ...['compareSample', 'shareReads', 'copyExtras', 'startInstance'],
      ...['takeLogical', 'takePhysical', 'retainBackups', 'proveBackup', 'letGoOn'],
    ];
    // Async, so that a fake that throws rejects as an activity does.
    const entries = names.map((name) => [name, async (order: Order | string) => await act(name)(order)]);
    return Object.fromEntries(entries) as Activities;
  }

  /** The real ledger, asked over this Temporal. */
  readonly permits = {
    take: (request: Parameters<typeof takePermit>[1]): Promise<Permit> => takePermit(this.client, request),
    giveBack: (run: string) => returnPermit(this.client, run),
  };
}

export const secondOpinionBy = { secondOpinionQueue: ELSEWHERE };

/** An observer that runs until it is cancelled, as the real one does. */
export const observeUntilCancelled = (): Promise<void> => {
  const { cancellationSignal, heartbeat } = Context.current();
  const beat = setInterval(() => heartbeat('well'), 200);
  return new Promise((resolve) =>
    cancellationSignal.addEventListener('abort', () => {
      clearInterval(beat);
      resolve();
    }),
  );
};
