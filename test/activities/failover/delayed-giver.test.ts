import { withLab } from '../../support/lab';
import { eventually, replicaState } from '../../support/wait';
import { standOf, type Steps, stepsOn } from './steps';

const lab = withLab({ durability: 'async', router: 'none', delayed: { db3: 3600 } });
let steps: Steps;
beforeAll(async () => {
  steps = await stepsOn(lab());
});
afterAll(() => steps.close());

const rowsOn = (server: string) => lab().value(server, 'SELECT COUNT(*) FROM shop.orders WHERE writer = 7');
const received = async (server: string): Promise<string> =>
  String((await lab().rows(server, 'SHOW REPLICA STATUS'))[0]?.['Retrieved_Gtid_Set']);

/** The primary is dead, and its last ten transactions are in the relay log of the delayed db3 and nowhere else. */
beforeAll(async () => {
  await lab().rows('db2', 'STOP REPLICA IO_THREAD');
  for (let sequence = 1; sequence <= 10; sequence += 1)
    await lab().rows('db1', 'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (7, ?, @@server_uuid)', [
      sequence,
    ]);
  const wanted = String(await lab().value('db1', 'SELECT @@global.gtid_executed'));
  await eventually(
    'db3 has received all',
    async () => (await lab().value('db3', 'SELECT GTID_SUBSET(?, ?)', [wanted, await received('db3')])) === 1,
  );
  await lab().faults.kill('db1');
});

test('a delayed replica is repointed, and its unapplied relay log survives, also when the worker dies half way', async () => {
  const relayLog = await received('db3');
  const { died } = await steps.dyingEverywhere((activities) =>
    activities.repointReplica({ cluster: steps.cluster, replica: 'db3', source: 'db2' }),
  );
  expect(died).toEqual(['repoint:changed']);
  expect(await standOf(lab(), 'db3')).toMatchObject({ source: 'db2', delay: 3600, applier: 'Yes' });
  expect(await rowsOn('db3')).toBe(0);
  expect(await lab().value('db3', 'SELECT GTID_SUBSET(?, ?)', [relayLog, await received('db3')])).toBe(1);
});

test('the candidate fetches from the delayed replica what only its relay log has, whatever point the worker dies at', async () => {
  const target = await received('db3');
  const { result, died } = await steps.dyingEverywhere((activities) =>
    activities.openPrimary({
      cluster: steps.cluster,
      candidate: 'db2',
      fetchFrom: 'db3',
      target,
      followers: ['db3'],
      semiSync: null,
      minEpoch: 1,
      run: 'run-1',
    }),
  );
  expect(died).toEqual([
    'open:begin',
    'open:applied',
    'fetch:giver knocks',
    'fetch:giver applied',
    'open:fetched',
    'open:ready to open',
    'open:writes open',
    'open:epoch recorded',
  ]);
  expect(result.epoch).toBe(2);
  expect(await rowsOn('db2')).toBe(10);
  expect(await lab().value('db2', 'SELECT @@global.read_only')).toBe(0);
});

test('the giver gets its declared delay back with its new source', async () => {
  await steps.activities.settleNewPrimary({ cluster: steps.cluster, name: 'db2' });
  const repoint = { cluster: steps.cluster, replica: 'db3', source: 'db2' };
  await steps.dyingEverywhere((activities) => activities.repointReplica(repoint));
  const stand = await standOf(lab(), 'db3');
  expect(stand).toMatchObject({ source: 'db2', delay: 3600, applier: 'Yes', super_read_only: 1 });
  await eventually('db3 receives', async () => (await replicaState(lab(), 'db3'))?.receiver === 'Yes');
  await steps.activities.repointReplica(repoint);
  expect(await standOf(lab(), 'db3')).toEqual(stand);
});
