import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { type RunbookError } from '../../../activities/errors';
import { type ClientDoor } from '../../../activities/routing/client';
import { proveWrites } from '../../../activities/routing/prove';
import { isAlive, markOf } from '../../../lab/processes';
import { type Instance } from '../../../workflows/decisions/cluster';
import { withLab } from '../../support/lab';
import { eventually } from '../../support/wait';
import { type OneMysqlRouter, startOneMysqlRouter } from './one-mysqlrouter';

/** A real MySQL Router in front of two real servers. */
const lab = withLab({ replicas: 1, router: 'none', durability: 'async' });
let one: OneMysqlRouter;
let db1: Instance;
let db2: Instance;
beforeEach(async () => {
  [db1, db2] = lab().servers.map(({ name, host, port }): Instance => ({
    ...{ name, host, port, datacentre: '', promotion: 'neutral' },
    ...{ delaySeconds: 0, backupSource: false },
  })) as [Instance, Instance];
  one = await startOneMysqlRouter([db1, db2]);
});
afterEach(() => one.stop());

const door = (): ClientDoor => ({
  user: lab().accounts.admin.user,
  password: readFileSync(lab().accounts.admin.passwordFile, 'utf8'),
  ssl: { ca: readFileSync(lab().state.tls.ca), rejectUnauthorized: true },
  schema: 'runbooks',
});
const client = (): Promise<Connection> => {
  const { user, password, ssl } = door();
  return createConnection({ ...one.router.writeAddress, user, password, ...(ssl && { ssl }) });
};
const serverOf = async (connection: Connection): Promise<string> => {
  const [rows] = await connection.query('SELECT @@server_uuid AS uuid');
  const { uuid } = (rows as { uuid: string }[])[0]!;
  return lab().servers.find((server) => server.uuid === uuid)?.name ?? uuid;
};
const ended = (connection: Connection): Promise<boolean> =>
  connection.query('SELECT 1').then(
    () => false,
    () => true,
  );
const refusal = (work: Promise<unknown>): Promise<RunbookError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as RunbookError,
  );
const script = (name: string, text: string): string => {
  const file = join(dirname(one.router.configFile), name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
};

test('reads from the running process who takes writes and how many sessions hang on each', async () => {
  const sessions = [await client(), await client()];
  expect(await serverOf(sessions[0]!)).toBe('db1');
  expect(await one.control().read()).toMatchObject({
    router: 'router-a',
    writers: ['db1', 'db2'],
    readers: [],
    sessions: { db1: 2, db2: 0 },
  });
  expect(one.control().holds).toBe(false);
  for (const session of sessions) session.destroy();
});

test('pointed at one server: sessions are cut, a write comes through, and every other byte of the file is as it was', async () => {
  const session = await client();
  const [before, mode] = [one.config(), statSync(one.router.configFile).mode];
  expect(await one.control().pointWritesTo(db1)).toMatchObject({ writers: ['db1'], sessions: { db1: 0, db2: 0 } });
  expect(await ended(session)).toBe(true);
  await proveWrites(one.router, door(), lab().server('db1').uuid, 10_000);
  const both = `${db1.host}:${db1.port}, ${db2.host}:${db2.port}\t\n`;
  expect(one.config()).toBe(before.replace(both, `${db1.host}:${db1.port}\t\n`));
  expect(before).toContain(both);
  expect(statSync(one.router.configFile).mode).toBe(mode);
});

test('twice is the same as once: no second restart, and sessions stay', async () => {
  const first = await one.control().pointWritesTo(db2);
  const [session, pid] = [await client(), one.pid()];
  expect(await serverOf(session)).toBe('db2');
  expect(await one.control().pointWritesTo(db2)).toMatchObject({ writers: first.writers, sessions: { db2: 1 } });
  expect(await serverOf(session)).toBe('db2');
  expect(one.pid()).toBe(pid);
  session.destroy();
});

test('fenced: sessions are cut, new clients are turned away, also by a process that is started again later', async () => {
  const session = await client();
  expect(await one.control().fence()).toMatchObject({ writers: [], sessions: { db1: 0, db2: 0 } });
  expect(await ended(session)).toBe(true);
  await expect(client()).rejects.toMatchObject({
    message: expect.stringMatching(/connect to remote|ECONNREFUSED/) as string,
  });
  process.kill(one.pid(), 'SIGKILL');
  await eventually('it is gone', () => !isAlive(markOf(one.pid())));
  // As a supervisor or a reboot would: nobody asked us.
  execFileSync(one.router.restart[0]!);
  await eventually('it is back', () => one.control().read());
  await expect(client()).rejects.toThrow();
  expect(await one.control().fence()).toMatchObject({ writers: [] });
  expect((await one.control().pointWritesTo(db1)).writers).toEqual(['db1']);
  await proveWrites(one.router, door(), lab().server('db1').uuid, 10_000);
});

test('killed between the rewrite and the restart: the reading tells what runs, not what the file says, and the next call ends it', async () => {
  await one.control().pointWritesTo(db1);
  const session = await client();
  const dies = script('dies', 'echo "killed here" >&2; exit 1');
  const error = await refusal(one.control({ restart: [dies] }).pointWritesTo(db2));
  expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE', family: 'not yet' });
  expect(error.message).toContain('the command to restart it ended with exit code 1: killed here');
  expect(one.config()).toContain(`${db2.host}:${db2.port}\t\n`);
  expect(await one.control().read()).toMatchObject({ writers: ['db1'], sessions: { db1: 1 } });
  expect(await serverOf(session)).toBe('db1');

  expect(await one.control().pointWritesTo(db2)).toMatchObject({ writers: ['db2'], sessions: { db1: 0 } });
  expect(await ended(session)).toBe(true);
  expect(await serverOf(await client())).toBe('db2');
});

test('killed when it was stopped and not yet started: the next call starts it', async () => {
  process.kill(one.pid(), 'SIGKILL');
  await eventually('it is gone', () => !isAlive(markOf(one.pid())));
  expect(await refusal(one.control().read())).toMatchObject({ code: 'ROUTER_UNREACHABLE' });
  expect((await one.control().fence()).writers).toEqual([]);
});

test('a restart that restarts something else is found by reading back', async () => {
  const error = await refusal(one.control({ restart: ['true'], deadlineSeconds: 1 }).fence());
  expect(error).toMatchObject({ code: 'ROUTER_DISAGREES', family: 'not yet' });
  expect(error.message).toContain(`restarted for 127.0.0.1:1, and runs with ${db1.host}:${db1.port}`);
});

test('a hung Router costs the deadline and not more, and is not fenced', async () => {
  process.kill(one.pid(), 'SIGSTOP');
  const start = performance.now();
  const error = await refusal(one.control({ restart: ['true'], deadlineSeconds: 1 }).fence());
  process.kill(one.pid(), 'SIGCONT');
  expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE' });
  expect(performance.now() - start).toBeLessThan(8000);
});

describe('a Router that is not the one the inventory describes is left as it is', () => {
  test.each([
    [
      'it follows metadata, by a section',
      (text: string) => `${text}[metadata_cache:c]\ncluster_type=gr\n`,
      'until Group Replication support lands',
    ],
    [
      'it follows metadata, by its destinations',
      (text: string) => text.replace(/ {2}destinations : .*/, 'destinations=metadata-cache://c/?role=PRIMARY'),
      'until Group Replication support lands',
    ],
    [
      'its route has no destinations of its own',
      (text: string) => text.replace(/ {2}destinations : .*\n/, ''),
      'a `destinations = host:port` line',
    ],
    ['its file has no such route', (text: string) => text.replace('[routing:orders_write]', '[routing:w]'), '`route`'],
  ])('%s', async (_, edit, hint) => {
    const broken = edit(one.config());
    one.writeConfig(broken);
    const pid = one.pid();
    const control = one.control();
    for (const work of [() => control.read(), () => control.fence(), () => control.pointWritesTo(db2)]) {
      const error = await refusal(work());
      expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED', family: 'not possible' });
      expect(error.hint).toContain(hint);
    }
    expect(one.config()).toBe(broken);
    expect(one.pid()).toBe(pid);
  });

  test('its REST API refuses us, and the password is told to nobody', async () => {
    const error = await refusal(one.control({}, 'hunter2').fence());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('refuses runbooks');
    expect(JSON.stringify([error, error.message, error.hint])).not.toContain('hunter2');
    expect((await one.control().read()).writers).toEqual(['db1', 'db2']);
  });

  test('it runs without this route: the cure names the sections', async () => {
    const error = await refusal(one.control({ route: 'orders' }).read());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
  });

  test('its host cannot be reached by the command of the inventory', async () => {
    const shell = [script('ssh', 'echo "connect to host router1: No route to host" >&2; exit 255')];
    const error = await refusal(one.control({ shell }).fence());
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE' });
    expect(error.message).toContain('No route to host');
  });
});
