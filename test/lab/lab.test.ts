import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory } from '../../activities/inventory/inventory';
import { attachLab, startLab } from '../../lab';
import { writersOf } from '../../lab/haproxy';
import { startLoad } from '../../lab/load';
import { isAlive } from '../../lab/processes';
import { violatedInvariants } from '../support/invariants';
import { withLab } from '../support/lab';
import { caughtUp, eventually, replicaState } from '../support/wait';

const lab = withLab({ replicas: 2, sources: { db3: 'db2' }, delayed: { db3: 0 }, durability: 'semi-sync' });

test('a fresh lab holds every invariant: one writer behind the router, replicas that replicate, settings as declared', async () => {
  await caughtUp(lab(), 'db3', 'db1');
  expect(await violatedInvariants(lab(), { primary: 'db1' })).toEqual([]);
  expect(await writersOf(lab().router!)).toEqual(['db1']);
});

test('a cascade follows its intermediate source', async () => {
  expect(await replicaState(lab(), 'db3')).toMatchObject({ source: 'db2', receiver: 'Yes', applier: 'Yes' });
  expect(await replicaState(lab(), 'db2')).toMatchObject({ source: 'db1' });
});

test('the inventory of the lab is one that the product reads, with TLS that it verifies', async () => {
  const inventory = await loadInventory(lab().inventoryPath);
  const cluster = inventory.clusters.find(({ name }) => name === 'orders');
  expect(cluster?.instances.map(({ name }) => name)).toEqual(['db1', 'db2', 'db3']);
  expect(cluster?.tls.mode).toBe('verify');
});

test('secrets stand in files of mode 0600 and on no command line', () => {
  const secrets = Object.values(lab().accounts).map(({ passwordFile }) => passwordFile);
  expect(secrets.map((file) => statSync(file).mode & 0o777)).toEqual(secrets.map(() => 0o600));
  const words = lab()
    .state.started.map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    .join();
  const told = readFileSync(join(lab().folder, 'lab.json'), 'utf8') + readFileSync(lab().inventoryPath, 'utf8') + words;
  for (const file of secrets) expect(told).not.toContain(readFileSync(file, 'utf8'));
});

test('the runbooks account has no SUPER and can still do what the grants are for', async () => {
  const grants = await lab().rows('db1', "SHOW GRANTS FOR 'runbooks'@'%'");
  expect(JSON.stringify(grants)).not.toMatch(/\bSUPER\b|ALL PRIVILEGES ON \*\.\*/);
});

test('the load keeps every acknowledgement, with the server that gave it', async () => {
  const load = startLoad(lab(), { writers: 2, perSecond: 200 });
  await eventually('a hundred acknowledged writes', () => load.acknowledged.length >= 100);
  const result = await load.stop();
  expect(result.failed).toEqual([]);
  expect(new Set(result.acknowledged.map(({ by }) => by))).toEqual(new Set([lab().server('db1').uuid]));
  expect(await result.lostOn('db1')).toEqual([]);
});

test('a row that is gone is reported as lost, and as a violated invariant', async () => {
  const load = startLoad(lab(), { writers: 1 });
  const { writer, sequence } = await load.nextAcknowledgement();
  const result = await load.stop();
  await lab().rows('db1', 'DELETE FROM shop.orders WHERE writer = ? AND sequence = ?', [writer, sequence]);
  expect(await result.lostOn('db1')).toMatchObject([{ writer, sequence }]);
  expect(await violatedInvariants(lab(), { load: result })).toEqual([
    expect.stringMatching(/^I2: 1 of \d+ acknowledged/),
  ]);
});

test('an errant transaction, a second writable server and a stopped applier are each named', async () => {
  await lab().rows('db2', 'STOP REPLICA SQL_THREAD');
  await lab().rows('db2', 'SET GLOBAL read_only = OFF');
  await lab().rows('db2', 'CREATE TABLE shop.errant (id int PRIMARY KEY)');
  const found = await violatedInvariants(lab(), { primary: 'db1' });
  expect(found).toEqual([
    'I1: writable servers are db1, db2, not exactly one',
    expect.stringMatching(/^I1: haproxy-1 sends writes to db1/),
    expect.stringMatching(/^I3: db2 has receiver Yes, applier No/),
    expect.stringMatching(/^I6: db2 has /),
    ...(found.length > 4 ? [expect.stringMatching(/^I6: db3 has /) as string] : []),
  ]);
});

test('a lab taken down by another process leaves no process, no folder and no port', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'mrt-'));
  const folder = join(parent, 'lab');
  const started = await startLab({ name: 'short', folder, replicas: 1, lifetime: 'starter' });
  const processes = [...started.state.started];
  expect(processes.filter(isAlive)).toHaveLength(3);
  await attachLab(folder).down();
  expect(processes.filter(isAlive)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
  const ports = join(tmpdir(), `mysql-runbooks-ports-${String(process.getuid?.() ?? 0)}`);
  expect(readdirSync(ports).filter((port) => readFileSync(join(ports, port), 'utf8') === folder)).toEqual([]);
  rmSync(parent, { recursive: true });
});

test('a lab that cannot start says why and leaves nothing running', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'mrt-'));
  const folder = join(parent, 'lab');
  const broken = { db2: ['no-such-option=1'] };
  await expect(
    startLab({ name: 'broken', folder, replicas: 1, lifetime: 'starter', serverOptions: broken }),
  ).rejects.toMatchObject({ code: 'TOOL_FAILED', message: expect.stringContaining('no-such-option') as string });
  const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(folder));
  expect(left).toEqual([]);
  rmSync(parent, { recursive: true });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
