import { withLab } from '../support/lab';
import { eventually } from '../support/wait';
import { startLoad } from '../../lab/load';

const lab = withLab({ replicas: 0, durability: 'async', router: 'none' });

test('a table lock stops the load until it is given back', async () => {
  const undo = await lab().faults.holdTableLock('db1');
  const load = startLoad(lab(), { writers: 1 });
  await eventually('a statement waits for the lock', async () => {
    const sql = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE state LIKE '%metadata lock%'";
    return Number((await lab().rows('db1', sql))[0]?.['n']) > 0;
  });
  expect(load.acknowledged).toEqual([]);
  await undo();
  await load.nextAcknowledgement(0);
  await load.stop();
});

test('an open transaction is one that the server lists, until it is ended', async () => {
  // Not information_schema.innodb_trx: it is a cache that is renewed only after 100 ms in which nobody read it.
  const sql = `SELECT COUNT(*) FROM performance_schema.events_transactions_current
    WHERE state = 'ACTIVE' AND autocommit = 'NO'`;
  const open = async () => Number(await lab().value('db1', sql));
  const undo = await lab().faults.holdTransaction('db1');
  expect(await open()).toBe(1);
  await undo();
  await eventually('rolled back', async () => (await open()) === 0);
});

test('a prepared XA transaction outlives its session', async () => {
  const undo = await lab().faults.prepareXa('db1', 'leftover');
  await eventually('listed', async () => (await lab().rows('db1', 'XA RECOVER')).length === 1);
  await undo();
  expect(await lab().rows('db1', 'XA RECOVER')).toEqual([]);
});

test('a locked account is turned away and its sessions are cut, and nothing of it is in the binary log', async () => {
  const before = await lab().value('db1', 'SELECT @@global.gtid_executed');
  const undo = await lab().faults.lockAccount('db1', 'app');
  const load = startLoad(lab(), { writers: 1 });
  await eventually('turned away', () => load.refusedConnections() > 0);
  await load.stop();
  await undo();
  expect(await lab().value('db1', 'SELECT @@global.gtid_executed')).toBe(before);
  const again = startLoad(lab(), { writers: 1 });
  await again.nextAcknowledgement(0);
  await again.stop();
});
