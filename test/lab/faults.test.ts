import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { startLoad } from '../../lab/load';
import { isAlive, stateOf } from '../../lab/processes';
import { withLab } from '../support/lab';
import { caughtUp, eventually, replicaState } from '../support/wait';

const lab = withLab({ replicas: 1, durability: 'async', links: true, smallDisk: { db1: 96 } });

/** What a connection of this process to the server's inventory address ends with: `greeting`, `silence`, or a code. */
function knock(server: string, patienceMs = 400, port = lab().server(server).port): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: string) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patienceMs, () => end('silence'));
    socket.once('close', () => end('closed'));
    socket.once('data', () => end('greeting')).once('error', (error: NodeJS.ErrnoException) => end(error.code ?? ''));
  });
}

afterEach(() => lab().faults.healLinks());

test('each connection is known by the party that made it', async () => {
  const parties = await lab().faults.connections();
  expect(parties).toContainEqual({ party: 'db2', server: 'db1' });
});

test('a refused link is refused for its party only', async () => {
  await lab().faults.link('observer', 'db1', { kind: 'refuse' });
  expect(await knock('db1')).toBe('ECONNRESET');
  expect(await knock('db2')).toBe('greeting');
  expect(await replicaState(lab(), 'db2')).toMatchObject({ receiver: 'Yes' });
});

test('a black hole is silent for its party only, and heals', async () => {
  await lab().faults.link('observer', 'db1', { kind: 'blackhole' });
  expect(await knock('db1')).toBe('silence');
  const load = startLoad(lab(), { writers: 1 }); // through the router, which is another party
  await load.nextAcknowledgement();
  await load.stop();
  await lab().faults.healLinks();
  expect(await knock('db1')).toBe('greeting');
});

test('a replica behind a black hole gets nothing while the primary writes on, and catches up when it heals', async () => {
  await lab().faults.link('db2', 'db1', { kind: 'blackhole' });
  const before = await lab().value('db2', 'SELECT COUNT(*) FROM shop.orders');
  const load = startLoad(lab(), { writers: 2 });
  await eventually('fifty acknowledged writes', () => load.acknowledged.length >= 50);
  await load.stop();
  expect(await lab().value('db2', 'SELECT COUNT(*) FROM shop.orders')).toBe(before);
  await lab().faults.healLinks();
  await caughtUp(lab(), 'db2', 'db1');
});

test('a slow link delays by what it was told', async () => {
  await lab().faults.link('observer', 'db1', { kind: 'slow', delayMs: 200 });
  const began = performance.now();
  expect(await knock('db1', 2000)).toBe('greeting');
  expect(performance.now() - began).toBeGreaterThan(190);
});

test('a full disk stops commits with error 28, as mysqld itself says', async () => {
  const undo = lab().faults.fillDisk('db1');
  const load = startLoad(lab(), { writers: 1 });
  const { errorLog } = lab().server('db1');
  await eventually('the error log names the full disk', () => /OS errno 28/.test(readFileSync(errorLog, 'utf8')));
  await undo();
  await load.stop();
});

test('exhausted connections turn the next client away with 1040', async () => {
  const undo = await lab().faults.exhaustConnections('db2');
  const load = startLoad(lab(), { writers: 1, ports: [lab().server('db2').ownPort] });
  await eventually('a refused connection', () => load.refusedConnections() > 0);
  await undo();
  await load.stop();
});

test('a hung server is stopped, still accepts TCP, and wakes', async () => {
  lab().faults.hang('db2');
  await eventually('stopped', () => stateOf(lab().server('db2')) === 'T');
  expect(await knock('db2')).toBe('silence');
  lab().faults.wake('db2');
  await eventually('it answers again', async () => (await knock('db2')) === 'greeting');
});

test('a killed server refuses connections, and comes back super_read_only, following nobody until it is told', async () => {
  await lab().faults.kill('db2');
  expect(isAlive(lab().server('db2'))).toBe(false);
  await eventually('refused', async () => (await knock('db2')) === 'ECONNREFUSED');
  await lab().faults.start('db2');
  expect(await lab().value('db2', 'SELECT @@global.super_read_only')).toBe(1);
  expect(await replicaState(lab(), 'db2')).toMatchObject({ receiver: 'No', applier: 'No' });
  await eventually('reachable again', async () => (await knock('db2')) === 'greeting');
});

test('a killed server is gone with its last thread, on a busy machine too: its port refuses from then on', async () => {
  const busy = Array.from({ length: 6 }, () => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
  try {
    for (let time = 0; time < 5; time += 1) {
      await lab().faults.kill('db2');
      expect(await knock('db2', 2_000, lab().server('db2').ownPort)).toBe('ECONNREFUSED');
      await lab().faults.start('db2');
    }
  } finally {
    for (const one of busy) one.kill('SIGKILL');
  }
}, 120_000);
