import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { loadInventory } from '../../activities/inventory/inventory';
import { type Activities } from '../../activities';
import { type KeptServers, openServers } from '../../activities/mysql/servers';
import { type Beside, startBeside } from '../../lab/beside';
import { type Acknowledgement } from '../../lab/load';
import { findMysql } from '../../lab/programs/mysql';
import { runAll } from '../../lab/sql';
import { APP, PASSWORD, startTwoFleets, type TwoFleets, type TwoFleetsOptions } from '../../lab/two-fleets';
import { clientPrograms } from '../../lab/worker';
import { activityContext } from '../../workers/context';
import { type RunbookReport } from '../../workflows/decisions/report';
import { goBackUpdate, progressQuery, type RunProgress, TASK_QUEUE, upgradeId } from '../../workflows/messages';
import { type upgradeCluster } from '../../workflows';
import { withoutTemporal } from '../activities/failover/steps';
import { type CarefulClients, startClients } from '../support/careful-clients';
import { eventually } from '../support/wait';
import { startTemporal } from '../workflows/temporal';

/** Two fleets with clients that write through HAProxy all the while, and an upgrade that can be begun, asked and answered. */
export interface UpgradeScene {
  readonly fleets: TwoFleets;
  /** Where workers are processes of their own: who starts them. */
  readonly beside: Beside | null;
  readonly clients: CarefulClients;
  readonly start: (input?: object) => Promise<Upgrading>;
  readonly acknowledgedBy: (name: string) => Promise<void>;
  /** Acknowledged rows that this server has not. */
  readonly missingOn: (name: string) => Promise<Acknowledgement[]>;
  /** Behind the switch: 1,000 rows are written on the new release, then somebody goes back to db1, which has all of them. Returns what it was said to cost. */
  readonly goesBackWithRows: (upgrade: Upgrading) => Promise<string>;
}

export interface Upgrading {
  readonly handle: WorkflowHandleWithFirstExecutionRunId<typeof upgradeCluster>;
  progress(): Promise<RunProgress>;
  /** Waits for a question of this text, and answers it. */
  approve(text: RegExp): Promise<void>;
  asked(text: RegExp, withinMs?: number): Promise<NonNullable<RunProgress['question']>>;
  inPhase(phase: string): Promise<void>;
  goBack(): Promise<string>;
  result(): Promise<RunbookReport>;
}

/** Quick: hours of a real upgrade are seconds here. */
const QUICK = { soakHours: 0.0003, watchHours: 0.0005, keepHours: 0.0005, requestedBy: 'tester', reason: 'test' };

interface Watched {
  readonly activities?: (real: Activities) => Partial<Activities>;
  /** Called at every point inside a step, of a worker that is this process. */
  readonly checkpoint?: (name: string) => void;
}

export async function upgradeScene(
  options: TwoFleetsOptions &
    Watched & {
      /** Real ones, that a test starts and that may die. Else this process works. */ readonly workers?: 'processes';
    },
  story: (scene: UpgradeScene) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mrt-upgrade-'));
  const kept: KeptServers = openServers({ secrets: () => Promise.resolve(PASSWORD) });
  const ends: (() => Promise<unknown>)[] = [() => kept.close()];
  try {
    Object.assign(process.env, clientPrograms({ binFolder: (await findMysql()).bin }));
    const fleets = await startTwoFleets(join(folder, 'fleets'), options);
    ends.unshift(() => fleets.stop());
    const beside = options.workers ? await startBeside(join(folder, 'beside'), fleets.cluster, fleets.inventory) : null;
    if (beside) ends.unshift(() => beside.stop());
    const client = beside?.client ?? (await workHere(fleets, kept, options, ends));
    const clients = startClients(fleets.haproxy.writePort, APP);
    ends.unshift(() => clients.stop());
    await story(sceneOf({ fleets, client, beside, clients }));
  } finally {
    for (const end of ends) await end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Temporal, and a worker in this process. */
async function workHere(
  fleets: TwoFleets,
  servers: KeptServers,
  { activities = () => ({}), checkpoint = () => undefined }: Watched,
  ends: (() => Promise<unknown>)[],
): Promise<Client> {
  const [inventory, secret] = [() => loadInventory(fleets.inventory), () => Promise.resolve(PASSWORD)];
  const real = withoutTemporal({ ...activityContext, servers, secret, inventory, checkpoint });
  const temporal = await startTemporal({ ...real, ...activities(real) }, { sightCluster: real.sightCluster });
  ends.unshift(() => temporal.stop());
  return temporal.env.client;
}

function sceneOf({
  fleets,
  client,
  beside,
  clients,
}: Pick<UpgradeScene, 'fleets' | 'beside' | 'clients'> & { readonly client: Client }): UpgradeScene {
  const root = (name: string) => fleets.at(name).root;
  const { cluster } = fleets;
  return {
    fleets,
    beside,
    clients,
    async start(input = {}) {
      const handle = await client.workflow.start<typeof upgradeCluster>('upgradeCluster', {
        workflowId: upgradeId(cluster),
        taskQueue: TASK_QUEUE,
        args: [{ cluster, to: '8.0', ...QUICK, ...input }],
      });
      return upgrading(client, handle);
    },
    acknowledgedBy: (name) => clients.acknowledgedBy(root(name)),
    missingOn: (name) => clients.missingOn(root(name)),
    async goesBackWithRows(upgrade) {
      const since = clients.acknowledged.length;
      const enough = () => clients.acknowledged.length - since >= 1_000;
      await eventually('1,000 rows are written on the new release', enough, 90_000);
      const cost = await upgrade.goBack();
      await upgrade.asked(/^Move the primary from db1/);
      await clients.acknowledgedBy(root('db1'));
      expect(await clients.missingOn(root('db1'))).toEqual([]);
      return cost;
    },
  };
}

function upgrading({ workflow }: Client, first: Upgrading['handle']): Upgrading {
  // Whichever run goes on: a long one is continued in a new one.
  const handle = workflow.getHandle(first.workflowId);
  const progress = () => handle.query(progressQuery);
  const asked: Upgrading['asked'] = async (text, withinMs = 60_000) => {
    const seen = await eventually(
      `it asks ${String(text)}`,
      async () => {
        const { question, headline, steps, phase, outcome } = await progress();
        if (question && text.test(question.text)) return question;
        const last = steps.slice(-3).map((step) => `${step.title}: ${step.state}: ${step.detail}`);
        const words = `${phase}: ${headline}; ${question?.text ?? 'it asks nothing'}; ${last.join('; ')}`;
        if (outcome !== null) return words;
        throw new Error(words);
      },
      withinMs,
    );
    if (typeof seen === 'string') throw new Error(`it has ended, and never asked ${String(text)}: ${seen}`);
    return seen;
  };
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

/** 8.0 to 9.7 leaves 8.4 out. */
export const FORCED = { to: '9.7', forced: 'tried in staging' };

/** Accounts of an 8.0 log in as 9.7 can. */
export async function readyFor97({ at }: TwoFleets): Promise<void> {
  const sha2 = (account: string) => `ALTER USER ${account} IDENTIFIED WITH caching_sha2_password BY '${PASSWORD}'`;
  await runAll(at('db1').root, [sha2("'app'@'%'"), sha2("'runbooks'@'%'")]);
  await runAll(at('db2').root, ['STOP SLAVE', 'CHANGE MASTER TO GET_MASTER_PUBLIC_KEY = 1', 'START SLAVE']);
}
