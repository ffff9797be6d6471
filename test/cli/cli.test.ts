import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileCli, type Ended, runbook } from './compiled';

const FLEET = `clusters:
  orders:
    durability: async
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts: { admin: { user: a, password: { env: ADMIN } }, replication: { user: r, password: { file: secrets/repl } } }
`;

let compiled: string;
let cwd: string;
beforeAll(() => {
  compiled = compileCli();
});
afterAll(() => rmSync(compiled, { recursive: true }));
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'runbook-cwd-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const run = (line: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  runbook(compiled, line.split(' '), { cwd, env });
const save = (name: string, text: string) => writeFileSync(join(cwd, name), text);

test('help names every command by its task, gives examples and the exit codes', async () => {
  const { code, stdout, stderr } = await run('--help');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const words of [
    'Look:',
    'Run:',
    'Keep watch:',
    'Set up:',
    'Examples:',
    '0 done · 1 failed · 2 wrong input · 3 refused for safety',
  ]) {
    expect(stdout).toContain(words);
  }
  const commands =
    'topology doctor precheck plan start status approve reject pause resume cancel report list watch worker schedules drills gateway inventory lab';
  for (const command of commands.split(' ')) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
});

test('help loads neither Temporal nor MySQL: it is there at once', async () => {
  const { stderr } = await runbook(compiled, ['--help'], { cwd, env: { NODE_DEBUG: 'module' } });
  expect(stderr).toContain('commander');
  for (const heavy of ['@temporalio/client', '@temporalio/worker', 'mysql2', 'node_modules/yaml', 'node_modules/zod']) {
    expect(stderr.includes(heavy) ? heavy : 'not loaded').toBe('not loaded');
  }
});

/** [what was typed, exit code, what is said] */
const REFUSED: readonly (readonly [string, number, string])[] = [
  ['strat', 2, "runbook: unknown command 'strat'\n(Did you mean start?)\n"],
  ['list --runing', 2, "runbook: unknown option '--runing'\n(Did you mean --running?)\n"],
  ['report', 2, "runbook: missing required argument 'run'\n"],
  ['reject orders', 2, "runbook: required option '--reason <text>' not specified\n"],
  [
    'start emergencyFailovr --cluster orders',
    2,
    'runbook: there is no runbook "emergencyFailovr" (did you mean "emergencyFailover"?). Runbooks: emergencyFailover, plannedSwitchover, failoverDrill, purgeBinlogs, restoreToPoint, rejoinInstance, provisionReplica, backUp, verifyBackup, upgradeCluster.\n',
  ],
  [
    'start watchCluster --cluster orders',
    2,
    'runbook: a watch is not a runbook. Start it with `runbook watch start CLUSTER`.\n',
  ],
  ['start emergencyFailover', 2, 'runbook: the cluster is not named. Add --cluster NAME.\n'],
  ['start emergencyFailover --input {cluster', 2, 'runbook: --input is not JSON. Write it in single quotes'],
  ['start emergencyFailover --input [1]', 2, 'runbook: --input is not a JSON object. Write it in single quotes'],
  [
    'plan emergencyFailover --cluster orders --input {"cluster":"users"}',
    2,
    'runbook: --cluster says orders and --input names another cluster.',
  ],
  [
    'start emergencyFailover --cluster orders --input {"dryrun":true}',
    2,
    'the input of emergencyFailover is not understood: Unrecognized key: "dryrun".',
  ],
  [
    'start emergencyFailover --cluster orders --to db2',
    2,
    'the input of emergencyFailover is not understood: Unrecognized key: "to".',
  ],
  [
    'start plannedSwitchover --cluster orders --at 2026-11-22T03:00',
    2,
    'runbook: the input of plannedSwitchover is not understood: at: expected a time with its zone, for example {"at":"2026-11-22T03:00:00+01:00"}.',
  ],
  ['list --limit none', 2, 'runbook: --limit is not a whole number from 1. For example --limit 50.\n'],
  [
    'precheck upgrade orders --to 8.3',
    2,
    'runbook: --to 8.3 is not a release that can be upgraded to. Write one of 8.0, 8.4, 9.7.\n',
  ],
  ['precheck upgrade orders', 2, "runbook: required option '--to <release>' not specified\n"],
  ['watch start orders --probe-ms 1', 2, 'runbook: --probe-ms is not a whole number from 50 to 60000.'],
  ['approve orders --break-glass', 2, 'runbook: a broken glass needs a reason. Add --reason "…": it is announced'],
  ['pause orders --minutes soon', 2, 'runbook: --minutes is not a number. Write it as in --minutes 30.\n'],
  // A short or empty hash would fit any plan.
  ['approve orders --plan abc', 2, 'runbook: --plan is not the hash of a plan. Copy the 8 characters'],
  ['start emergencyFailover --cluster ordres', 2, '(did you mean "orders"?). Clusters there: orders.\n'],
  ['watch start ordres', 2, '(did you mean "orders"?). Clusters there: orders.\n'],
  ['start failoverDrill --cluster ordres', 2, '(did you mean "orders"?). Clusters there: orders.\n'],
  ['start failoverDrill', 1, 'runbook: Temporal does not answer at 127.0.0.1:1. '],
  ['schedules preview weekly', 2, 'runbook: the inventory has no schedule "weekly". Write it there: schedules.\n'],
  ['topology ordres', 2, '(did you mean "orders"?). Clusters there: orders.\n'],
  ['doctor ordres', 2, '(did you mean "orders"?). Clusters there: orders.\n'],
  [
    'worker --queue other',
    2,
    'runbook: there is no task queue "other". Task queues: mysql-runbooks, mysql-runbooks-emergency.\n',
  ],
  [
    'worker --inventory nowhere.yaml',
    2,
    'runbook: the inventory nowhere.yaml cannot be read: there is no such file. Name it with --inventory FILE',
  ],
];
test.each(REFUSED)('%s', async (line, code, words) => {
  save('fleet.yaml', FLEET);
  const ended = await run(line, { TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(ended.stderr).toContain(words);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
});

test('a Temporal that is not there is one sentence with the cure, at once', async () => {
  const port = await freePort();
  const began = performance.now();
  for (const line of [
    'list',
    'status',
    'start emergencyFailover --cluster orders',
    'report orders',
    'approve orders',
    'watch status orders',
  ]) {
    expect(await run(line, { TEMPORAL_ADDRESS: `127.0.0.1:${port}` })).toEqual({
      code: 1,
      stdout: '',
      stderr: `runbook: Temporal does not answer at 127.0.0.1:${port}. Start one for this machine with \`runbook lab up\`, or say where yours is: TEMPORAL_ADDRESS=host:port.\n`,
    });
  }
  // The client by itself would go on trying for seconds each time.
  expect(performance.now() - began).toBeLessThan(20_000);
});

test("the inventory's Temporal is used where the environment names none", async () => {
  const port = await freePort();
  save('fleet.yaml', `${FLEET}temporal: { address: "127.0.0.1:${port}" }\n`);
  expect((await run('list')).stderr).toContain(`Temporal does not answer at 127.0.0.1:${port}.`);
  expect((await run('list', { TEMPORAL_ADDRESS: '127.0.0.1:1' })).stderr).toContain(
    'Temporal does not answer at 127.0.0.1:1.',
  );
});

test('with --json a failure is an object on stdout, and the sentence stays on stderr', async () => {
  save('fleet.yaml', FLEET);
  const { code, stdout, stderr } = await run('start emergencyFailover --cluster ordres --json');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: 'UNKNOWN_CLUSTER',
      message: expect.stringContaining('did you mean "orders"') as string,
      hint: 'Clusters there: orders.',
    },
  });
  expect(stderr).toContain('did you mean "orders"');
});

test('inventory check lists every mistake with its place, or says what is there', async () => {
  save('fleet.yaml', FLEET.replace('port: 3306', 'port: "3306"').replace('async', 'synch'));
  expect(await run('inventory check')).toEqual({
    code: 2,
    stdout:
      'fleet.yaml:3:17 clusters.orders.durability: expected one of async, semi-sync, lossless — write one of them\n' +
      'fleet.yaml:4:53 clusters.orders.instances[0].port: expected a whole number from 1 to 65535 — write the port without quotes\n',
    stderr: '',
  });
  save('other.yaml', FLEET);
  for (const named of [
    run('inventory check --inventory other.yaml'),
    run('inventory check', { RUNBOOK_INVENTORY: 'other.yaml' }),
  ]) {
    expect(await named).toEqual({
      code: 0,
      stdout: 'other.yaml is sound. Clusters, with instances: orders (1)\n',
      stderr: '',
    });
  }
});

test('inventory check --secrets says which secrets cannot be had here, and never prints one', async () => {
  save('fleet.yaml', FLEET);
  const { code, stdout } = await run('inventory check --secrets --json', { ADMIN: 'hunter2' });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    valid: true,
    failures: [expect.stringContaining('secrets/repl cannot be read (ENOENT)')],
  });
  expect(stdout).not.toContain('hunter2');

  save(
    'fleet.yaml',
    `${FLEET}    routers: [{ kind: dns, server: "10.0.0.53:53", zone: a.org, writeName: w.a.org, key: { name: k, secret: { env: NO_DNS_KEY } } }]\n`,
  );
  expect((await run('inventory check --secrets', { ADMIN: 'x' })).stdout).toContain('NO_DNS_KEY is not set');
});

test('the JSON Schema is printed for editors', async () => {
  expect(JSON.parse((await run('inventory schema')).stdout)).toMatchObject({
    title: 'mysql-runbooks inventory',
    required: ['clusters'],
  });
});

/** A port that nothing listens on. */
function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  return new Promise((done) => {
    server.once('listening', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}
