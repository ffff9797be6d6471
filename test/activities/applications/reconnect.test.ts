import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { type Activities, type Looking } from '../../../activities';
import { type Application } from '../../../workflows/decisions/cluster';
import { withLab } from '../../support/lab';
import { eventually } from '../../support/wait';
import { type Steps, stepsOn } from '../failover/steps';

const lab = withLab({ replicas: 1, router: 'none' });
let steps: Steps;
beforeAll(async () => {
  steps = await stepsOn(lab());
});
afterAll(() => steps.close());

const opened: Connection[] = [];
afterEach(() => opened.splice(0).forEach((connection) => connection.destroy()));

const connect = async (server: string): Promise<Connection> => {
  const { host, port } = lab().server(server);
  const { user, passwordFile } = lab().state.accounts.app;
  const connection = await createConnection({ host, port, user, password: readFileSync(passwordFile, 'utf8') });
  connection.on('error', () => undefined);
  opened.push(connection);
  return connection;
};

/** The orders of a run that has moved the primary from db1 to db2 just now; what is connected to either was so before. */
const order = async (activities: Activities, change: Partial<Application> = {}): Promise<Looking> => {
  const { cluster } = steps;
  const marks = await Promise.all(['db1', 'db2'].map((name) => activities.lastSession({ cluster, name })));
  return {
    ...{ cluster, oldPrimary: 'db1', newPrimary: 'db2', heldSince: marks[0]!, arrivedAfter: marks[1]! },
    application: {
      ...{ name: 'shop', user: lab().state.accounts.app.user, command: ['/bin/true'], when: 'both', sessions: 1 },
      ...{ patienceSeconds: 0, deadlineSeconds: 5 },
      ...change,
    },
  };
};
const look = async (looking: Looking): Promise<string> =>
  (await steps.activities.awaitSessions({ ...looking, withinSeconds: 0 })).because;

test('sessions of before are told from later ones, on both servers', async () => {
  const held = await connect('db1');
  await connect('db2'); // read there when it was a replica
  const looking = await order(steps.activities);
  expect(await look(looking)).toBe('0 of its user app connected to db2, and 1 still hold on to db1');

  await connect('db1'); // reads there, now that it is a replica
  await connect('db2');
  expect(await look(looking)).toBe('1 of its user app connected to db2, and 1 still hold on to db1');

  const waiting = steps.activities.awaitSessions({ ...looking, withinSeconds: 60 });
  held.destroy();
  expect(await waiting).toEqual({ back: true, because: '1 of its user app connected to db2' });
});

test('the command is given its order, runs again in the attempt after one that died, and not where the application is back', async () => {
  const file = join(lab().folder, 'asked');
  const { result, died } = await steps.dyingEverywhere(async (activities) =>
    activities.restartApplication({
      ...(await order(activities, { command: ['/bin/sh', '-c', `cat >> ${file}`] })),
      run: 'r-1',
    }),
  );
  expect(result).toBe('ended well');
  expect(died).toEqual(expect.arrayContaining(['restart:looked', 'restart:told']));
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  expect(lines).toHaveLength(2);
  const { host, port } = lab().server('db2');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    ...{ version: 1, operation: 'reconnect', application: 'shop', run: 'r-1' },
    ...{ oldPrimary: { name: 'db1' }, newPrimary: { name: 'db2', host, port } },
  });

  const looking = await order(steps.activities, { command: ['/bin/sh', '-c', `touch ${file}.again`] });
  await connect('db2');
  expect(await steps.activities.restartApplication({ ...looking, run: 'r-1' })).toBe('was not needed any more');
  expect(existsSync(`${file}.again`)).toBe(false);
});

test.each([
  ['an exit code', ['/bin/sh', '-c', 'exit 3'], 'ended with exit code 3'],
  ['no such program', ['/no/such/program'], 'cannot be started (ENOENT)'],
  ['a standstill', ['/bin/sleep', '60'], 'did not answer within 1 s and was ended'],
])('a command that fails is told in words: %s', async (_, command, words) => {
  const looking = await order(steps.activities, { command, deadlineSeconds: 1 });
  expect(await steps.activities.restartApplication({ ...looking, run: 'r-2' })).toBe(words);
});

test('the new primary dies: nobody waits any longer, neither for sessions nor for the command', async () => {
  const looking = await order(steps.activities, { command: ['/bin/sleep', '50'], deadlineSeconds: 3_000 });
  const told = steps.activities.restartApplication({ ...looking, run: 'r-3' });
  const back = steps.activities.awaitSessions({ ...looking, withinSeconds: 3_000 });
  await lab().faults.kill('db2');
  expect(await told).toBe('was not waited for');
  expect((await back).because).toMatch(/^db2 does not answer: /);
  await eventually('the mark of a dead server is none', async () => {
    const mark = await steps.activities.lastSession({ cluster: steps.cluster, name: 'db2' });
    return mark === null;
  });
}, 40_000);
