import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { loadInventory } from '../../activities/inventory/inventory';
import { type Activities } from '../../activities';
import { type KeptServers, openServers } from '../../activities/mysql/servers';
import { type Acknowledgement } from '../../lab/load';
import { write } from '../../lab/load/writer';
import { findMysql } from '../../lab/programs/mysql';
import { rows, value } from '../../lab/sql';
import { APP, PASSWORD, startTwoFleets, type TwoFleets, type TwoFleetsOptions } from '../../lab/two-fleets';
import { clientPrograms } from '../../lab/worker';
import { activityContext } from '../../workers/context';
import { type RunbookReport } from '../../workflows/decisions/report';
import { goBackUpdate, progressQuery, type RunProgress, TASK_QUEUE, upgradeId } from '../../workflows/messages';
import { type upgradeCluster } from '../../workflows';
import { withoutTemporal } from '../activities/failover/steps';
import { eventually } from '../support/wait';
import { startTemporal, type TestTemporal } from '../workflows/temporal';

/** Two fleets with clients that write through HAProxy all the while, and an upgrade that can be begun, asked and answered. */
export interface UpgradeScene {
  readonly fleets: TwoFleets;
  readonly temporal: TestTemporal;
  readonly clients: Clients;
  readonly start: (input?: object) => Promise<Upgrading>;
  readonly acknowledgedBy: (name: string) => Promise<void>;
  /** Acknowledged rows that this server has not. */
  readonly missingOn: (name: string) => Promise<Acknowledgement[]>;
}

export interface Upgrading {
  readonly handle: WorkflowHandleWithFirstExecutionRunId<typeof upgradeCluster>;
  progress(): Promise<RunProgress>;
  /** Waits for a question of this text, and answers it. */
  approve(text: RegExp): Promise<void>;
  asked(text: RegExp): Promise<NonNullable<RunProgress['question']>>;
  inPhase(phase: string): Promise<void>;
  goBack(): Promise<string>;
  result(): Promise<RunbookReport>;
}

/** Quick: hours of a real upgrade are seconds here. */
const QUICK = { soakHours: 0.0003, watchHours: 0.0005, keepHours: 0.0005, requestedBy: 'tester', reason: 'test' };

export interface Clients {
  readonly acknowledged: Acknowledgement[];
  readonly failed: string[];
  stop(): Promise<void>;
}

export async function upgradeScene(
  options: TwoFleetsOptions & { readonly activities?: (real: Activities) => Partial<Activities> },
  story: (scene: UpgradeScene) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mrt-upgrade-'));
  const secret = () => Promise.resolve(PASSWORD);
  const kept: KeptServers = openServers({ secrets: secret });
  const ends: (() => Promise<unknown>)[] = [() => kept.close()];
  try {
    Object.assign(process.env, clientPrograms({ binFolder: (await findMysql()).bin }));
    const fleets = await startTwoFleets(join(folder, 'fleets'), options);
    ends.unshift(() => fleets.stop());
    const inventory = () => loadInventory(fleets.inventory);
    const real = withoutTemporal({ ...activityContext, servers: kept, secret, inventory });
    const elsewhere = { sightCluster: real.sightCluster };
    const temporal = await startTemporal({ ...real, ...options.activities?.(real) }, elsewhere);
    ends.unshift(() => temporal.stop());
    const clients = startClients(fleets.haproxy.writePort);
    ends.unshift(() => clients.stop());
    await story(sceneOf(fleets, temporal, clients));
  } finally {
    for (const end of ends) await end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function sceneOf(fleets: TwoFleets, temporal: TestTemporal, clients: Clients): UpgradeScene {
  const root = (name: string) => fleets.at(name).root;
  const { cluster } = fleets;
  return {
    fleets,
    temporal,
    clients,
    async start(input = {}) {
      const handle = await temporal.env.client.workflow.start<typeof upgradeCluster>('upgradeCluster', {
        workflowId: upgradeId(cluster),
        taskQueue: TASK_QUEUE,
        args: [{ cluster, to: '8.0', ...QUICK, ...input }],
      });
      return upgrading(temporal, handle);
    },
    async acknowledgedBy(name) {
      const uuid = await value(root(name), 'SELECT @@server_uuid');
      const from = clients.acknowledged.length;
      const has = () => clients.acknowledged.slice(from).some(({ by }) => by === uuid);
      await eventually(`${name} acknowledges`, has, 60_000);
    },
    async missingOn(name) {
      const seen = [...clients.acknowledged];
      const has = async () => {
        const kept = await rows(root(name), 'SELECT writer, sequence FROM shop.orders');
        return new Set(kept.map(({ writer, sequence }) => `${String(writer)}/${String(sequence)}`));
      };
      const there = await has();
      return seen.filter(({ writer, sequence }) => !there.has(`${writer}/${sequence}`));
    },
  };
}

function upgrading(temporal: TestTemporal, first: Upgrading['handle']): Upgrading {
  const { workflow } = temporal.env.client;
  // Whichever run goes on: a long one is continued in a new one.
  const handle = workflow.getHandle(first.workflowId);
  const progress = () => handle.query(progressQuery);
  const asked: Upgrading['asked'] = (text) =>
    eventually(
      `it asks ${String(text)}`,
      async () => {
        const { question, headline, steps, phase } = await progress();
        if (question && text.test(question.text)) return question;
        const last = steps.slice(-3).map((step) => `${step.title}: ${step.state}: ${step.detail}`);
        throw new Error(`${phase}: ${headline}; ${question?.text ?? 'it asks nothing'}; ${last.join('; ')}`);
      },
      60_000,
    );
  return {
    handle: first,
    progress,
    asked,
    async approve(text) {
      const question = await asked(text);
      await handle.executeUpdate('approve', { args: [{ by: 'ada', reason: 'seen', plan: question.planHash }] });
    },
    async inPhase(phase) {
      await eventually(`it is in phase ${phase}`, async () => (await progress()).phase === phase, 60_000);
    },
    goBack: () => handle.executeUpdate(goBackUpdate, { args: [{ by: 'ada', reason: 'too slow' }] }),
    result: () => first.result(),
  };
}

/** Careful clients that write through HAProxy, and all that was acknowledged to them. */
function startClients(port: number): Clients {
  const acknowledged: Acknowledgement[] = [];
  const failed: string[] = [];
  const state = { over: false };
  const target = { host: '127.0.0.1', ports: [port], ...APP, connectTimeoutMs: 2_000, multiplexed: false };
  const running = [0, 1].map((writer) =>
    write(target, {
      ...{ writer, firstSequence: 1, everyMs: 20, stopping: () => state.over, refusedConnection: () => undefined },
      acknowledged: (one) => void acknowledged.push(one),
      failed: ({ code }) => void failed.push(code),
    }),
  );
  return {
    acknowledged,
    failed,
    async stop() {
      state.over = true;
      await Promise.all(running);
    },
  };
}
