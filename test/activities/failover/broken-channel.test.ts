import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../../../lab/faults';
import { withLab } from '../../support/lab';
import { caughtUp, replicaState } from '../../support/wait';
import { type Steps, stepsOn } from './steps';

/** What a crash in the middle of RESET REPLICA ALL leaves, once in some forty times: a channel, and an index without relay logs. */
const lab = withLab({ replicas: 1, router: 'none', durability: 'async' });
let steps: Steps;
beforeAll(async () => {
  steps = await stepsOn(lab());
});
afterAll(() => steps.close());

async function crashInReset(server: string): Promise<void> {
  const folder = String(await lab().value(server, 'SELECT @@datadir'));
  await lab().rows(server, 'STOP REPLICA');
  await faultsOf(lab().state).kill(server);
  for (const file of readdirSync(folder))
    if (file.startsWith('relay') && !file.endsWith('.index')) rmSync(join(folder, file));
  await faultsOf(lab().state).start(server);
}

test('a channel that a crash left unreadable is made anew, and follows', async () => {
  await crashInReset('db2');
  await expect(lab().rows('db2', 'START REPLICA')).rejects.toMatchObject({ errno: 1872 });
  await lab().rows('db1', "INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (7, 1, 'x')");

  const { result, died } = await steps.dyingEverywhere((activities) =>
    activities.repointReplica({ cluster: steps.cluster, replica: 'db2', source: 'db1' }),
  );
  expect(died).toEqual(['repoint:reset', 'repoint:changed']);
  expect(result.result).toBe('already');
  await caughtUp(lab(), 'db2', 'db1');
  expect(await replicaState(lab(), 'db2')).toMatchObject({ source: 'db1', receiver: 'Yes', applier: 'Yes' });
});
