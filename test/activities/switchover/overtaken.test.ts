import { type Deps } from '../../../activities/deps';
import { RunbookError } from '../../../activities/errors';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { type Mysql } from '../../../activities/mysql/mysql';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { repointReplica } from '../../../activities/replication/repoint';
import { type SwitchOrder } from '../../../activities/switchover/order';
import { switchPrimary } from '../../../activities/switchover/switch';
import { attempted } from '../../support/attempts';
import { withLab } from '../../support/lab';
import { eventually, replicaState } from '../../support/wait';

const lab = withLab({ replicas: 1, router: 'none' });
let servers: KeptServers;
beforeAll(() => {
  servers = openServers({ secrets: (reference) => resolveSecret(reference, lab().folder) });
});
afterAll(() => servers.close());

function promised(): { readonly kept: Promise<void>; readonly keep: () => void } {
  let keep: () => void = () => undefined;
  const kept = new Promise<void>((resolve) => (keep = resolve));
  return { kept, keep };
}

/** As a worker that stops just before a statement that matches is sent, and goes on when `goOn` is called. */
function stopsBefore(statement: RegExp) {
  const gate = promised();
  const stopped = promised();
  const scene = { armed: true };
  const wait = async (sql: string) => {
    if (!scene.armed || !statement.test(sql)) return;
    scene.armed = false;
    stopped.keep();
    await gate.kept;
  };
  const slow = (server: Mysql): Mysql => ({
    ...server,
    value: async (sql, values, options) => wait(sql).then(() => server.value(sql, values, options)),
    run: async (sql, values, options) => wait(sql).then(() => server.run(sql, values, options)),
    session: (work, options) =>
      server.session(
        (session) =>
          work({
            ...session,
            value: async (sql, values) => wait(sql).then(() => session.value(sql, values)),
            run: async (sql, values) => wait(sql).then(() => session.run(sql, values)),
          }),
        options,
      ),
  });
  return {
    stopped: stopped.kept,
    goOn: () => gate.keep(),
    servers: { ...servers, of: (...instance: Parameters<KeptServers['of']>) => slow(servers.of(...instance)) },
  };
}

const deps = (used: KeptServers): Deps => ({
  servers: used,
  inventory: () => loadInventory(lab().inventoryPath),
  secret: (reference) => resolveSecret(reference, lab().folder),
  checkpoint: () => undefined,
  heartbeat: () => undefined,
});

async function order(from: string, to: string): Promise<SwitchOrder> {
  const [cluster] = (await loadInventory(lab().inventoryPath)).clusters;
  if (!cluster) throw new Error('the lab has no cluster');
  return {
    cluster,
    from,
    to,
    below: [],
    run: `${from}-${to}-${Date.now()}`,
    minEpoch: 1,
    budgetMs: 30_000,
    settings: {},
  };
}

/** A first attempt that stands still. One that was too slow to begin, on a busy machine, begins again. */
async function stoppedAttempt(asked: SwitchOrder, statement: RegExp) {
  for (;;) {
    const { servers: slow, stopped, goOn } = stopsBefore(statement);
    const first = switchPrimary(deps(slow), asked, 1).then(
      () => 'ended',
      (error: unknown) => (error instanceof RunbookError ? error.message : String(error)),
    );
    if ((await Promise.race([first, stopped.then(() => 'stopped')])) === 'stopped') return { first, goOn };
  }
}

const isClosed = async (server: string) => (await lab().value(server, 'SELECT @@global.read_only')) === 1;
const primary = async () => ((await isClosed('db1')) ? 'db2' : 'db1');

afterEach(async () => {
  const to = await primary();
  const { cluster } = await order(to, to);
  const replica = to === 'db1' ? 'db2' : 'db1';
  await lab().rows(to, 'STOP REPLICA');
  await lab().rows(to, 'RESET REPLICA ALL');
  await repointReplica(deps(servers), cluster, replica, to);
  await eventually(`${replica} follows`, async () => (await replicaState(lab(), replica))?.receiver === 'Yes');
});

const STATEMENTS: [string, RegExp][] = [
  ['taking the right', /GET_LOCK/],
  ['the freeze', /super_read_only = (IF|ON)/],
  ['proving the freeze', /XA RECOVER|SELECT @@global.super_read_only/],
  ['waiting for the candidate', /WAIT_FOR_EXECUTED/],
  ['the opening', /SET GLOBAL read_only = IF/],
];

// The attempt that follows finishes, or has no time and undoes, what it finds.
test.each(
  STATEMENTS.flatMap(([when, statement]) => [
    { when, statement, ends: 'ends', budgetMs: 30_000 },
    { when, statement, ends: 'gives up', budgetMs: 0 },
  ]),
)(
  'an attempt that was given up before $when, and goes on when the next one $ends, changes nothing',
  async ({ statement, budgetMs }) => {
    const from = await primary();
    const to = from === 'db1' ? 'db2' : 'db1';
    const asked = await order(from, to);
    const { first, goOn } = await stoppedAttempt(asked, statement);
    const second = await attempted((attempt) => switchPrimary(deps(servers), { ...asked, budgetMs }, attempt), 2);
    const stands = second.result === 'switched' ? to : from;
    expect([await isClosed(from), await isClosed(to)]).toEqual([stands === to, stands === from]);

    goOn();
    await first;
    expect([await isClosed(from), await isClosed(to)]).toEqual([stands === to, stands === from]);
  },
);

test('an attempt that was given up behind the opening leads nobody to a server that was closed since', async () => {
  const from = await primary();
  const to = from === 'db1' ? 'db2' : 'db1';
  const asked = await order(from, to);
  const { first, goOn } = await stoppedAttempt(asked, /IF\(@@global.read_only, NULL/);
  expect((await attempted((attempt) => switchPrimary(deps(servers), asked, attempt), 2)).result).toBe('switched');
  await lab().rows(to, 'SET GLOBAL super_read_only = ON');
  goOn();
  expect(await first).toContain(`no longer, the right to open ${to}`);
  await lab().rows(to, 'SET GLOBAL read_only = OFF');
});

test('what is not as it was seen is left alone, and named', async () => {
  const from = await primary();
  const to = from === 'db1' ? 'db2' : 'db1';
  const asked = await order(from, to);
  await lab().rows(to, 'SET GLOBAL read_only = OFF');
  const first = await attempted(() => switchPrimary(deps(servers), asked, 1));
  expect(first).toMatchObject({
    result: 'not begun',
    because: `${to} takes writes already: somebody changed that meanwhile`,
  });
  await lab().rows(to, 'SET GLOBAL super_read_only = ON');
  await lab().rows(from, 'SET GLOBAL super_read_only = ON');
  const second = await attempted(() => switchPrimary(deps(servers), asked, 1));
  expect(second).toMatchObject({
    result: 'not begun',
    because: `${from} does not take writes any more: somebody changed that meanwhile`,
  });
  await lab().rows(from, 'SET GLOBAL read_only = OFF');
});
