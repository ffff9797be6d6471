import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Deps } from '../../activities/deps';
import { takeLogical } from '../../activities/backups/logical/take';
import { proveBackup } from '../../activities/backups/prove/prove';
import { freeze, isAlive, markOf, type ProcessMark } from '../../lab/processes';
import { passwordOf } from '../../lab/state';
import { backupScene, type Scene } from '../activities/backups/scene';
import { withLab } from '../support/lab';
import { caughtUp, eventually, replicaState } from '../support/wait';

const lab = withLab({ replicas: 1, router: 'none', durability: 'async' });
let scene: Scene;
const order = () => ({ cluster: scene.cluster, source: 'db2', isPrimary: false });
beforeAll(async () => {
  scene = await backupScene(lab());
  await lab().rows('db1', 'CREATE TABLE shop.large (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(255))');
  await lab().rows('db1', "INSERT INTO shop.large (note) VALUES ('x')");
  for (let doubled = 1; doubled < 32_768; doubled *= 2)
    await lab().rows('db1', 'INSERT INTO shop.large (note) SELECT REPEAT(HEX(id), 40) FROM shop.large');
  await caughtUp(lab(), 'db2', 'db1');
  const startedAt = new Date().toISOString();
  await takeLogical(scene.deps, { ...order(), id: '20261122T000000Z-b16', startedAt });
}, 120_000);
afterAll(() => scene.close());

/** The process of the scratch server. */
function scratchServer(): ProcessMark {
  const { folder } = scene.scratch;
  const [name = ''] = readdirSync(folder);
  const { server } = JSON.parse(readFileSync(join(folder, name, 'owner.json'), 'utf8')) as { server: number };
  return markOf(server);
}

const leftOver = () => (existsSync(scene.scratch.folder) ? readdirSync(scene.scratch.folder) : []);

interface Begun {
  readonly ended: Promise<unknown>;
  readonly callOff: () => void;
}

function begin(more: Partial<Deps>): Begun {
  const called = new AbortController();
  const deps = { ...scene.deps, ...more, stopped: called.signal };
  const ended = proveBackup(deps, { ...order(), id: null, run: `b16-${Date.now()}` }).then(
    () => 'it was verified',
    (error: unknown) => error,
  );
  return { ended, callOff: () => called.abort(new Error('called off')) };
}

/** Its server answers nothing any more, for ever. */
const HANGS = [
  [
    'while it loads',
    (hang: () => void): Partial<Deps> => ({
      progress: ({ done, total }) => done > 0 && total !== null && done < total && hang(),
    }),
  ],
  [
    'while it is checked',
    (hang: () => void): Partial<Deps> => ({ checkpoint: (at) => at === 'verify:counted' && hang() }),
  ],
] as const;

test.each(HANGS)(
  'a verification whose scratch server hangs %s ends at once when it is called off, and leaves nothing',
  async (_when, hangAt) => {
    const frozen: ProcessMark[] = [];
    const { ended, callOff } = begin(
      hangAt(() => {
        if (frozen.length > 0) return;
        frozen.push(scratchServer());
        frozen.forEach(freeze);
      }),
    );
    await eventually('its server hangs', () => frozen.length > 0, 60_000);
    callOff();
    expect(await ended).toEqual(new Error('called off'));
    expect(leftOver()).toEqual([]);
    expect(frozen.map(isAlive)).toEqual([false]);
    expect((await replicaState(lab(), 'db2'))?.applier).toBe('Yes');
  },
);

/** Nobody reads this table on db2 meanwhile. */
function locked(table: string) {
  const { user } = lab().accounts.root;
  const options = [`--user=${user}`, `--socket=${lab().server('db2').socket}`, '--unbuffered'];
  const env = { ...process.env, MYSQL_PWD: passwordOf(lab().accounts.root) };
  const child = spawn(join(lab().state.binFolder, 'mysql'), options, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(`SET GLOBAL super_read_only = 0; LOCK TABLES ${table} WRITE; SELECT 'locked';\n`);
  return child;
}

test('one that compares ends its statements on the replica, too', async () => {
  const lock = locked('shop.large');
  try {
    await new Promise((resolve) => lock.stdout.once('data', resolve));
    const { ended, callOff } = begin({});
    const comparing = async () =>
      lab().value('db2', "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'CHECKSUM TABLE %'");
    await eventually('it waits for a sum', async () => (await comparing()) === 1, 60_000);
    callOff();
    expect(await ended).toEqual(new Error('called off'));
    await eventually('nothing of it runs on db2', async () => (await comparing()) === 0);
    expect(leftOver()).toEqual([]);
    expect((await replicaState(lab(), 'db2'))?.applier).toBe('Yes');
  } finally {
    lock.stdin.end('UNLOCK TABLES; SET GLOBAL super_read_only = 1;\n');
    await once(lock, 'exit');
  }
});
