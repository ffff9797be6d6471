import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { openServers } from '../../../activities/mysql/servers';
import { precheckUpgrade } from '../../../activities/upgrades/precheck';
import { type OldServer, startOldServer } from '../../../lab/mysqld/old-server';
import { runAll } from '../../../lab/sql';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { type Precheck } from '../../../workflows/decisions/upgrade';
import { type UpgradeFinding } from '../../../workflows/decisions/upgrade/finding';
import { compileCli, runbook } from '../../cli/compiled';
import { clusterOf, instance } from '../../decisions/members';
import { hasMaven } from '../../support/old-fleet';
import { IN_5_7, IN_8_0, type Planted } from './planted';

const PASSWORD = 'old-but-secret';

const onOldServers = hasMaven ? describe.each : describe.skip.each;

onOldServers([
  ['5.7.22', IN_5_7],
  ['8.0.12', IN_8_0],
] as const)('a precheck of a real %s', (version, planted) => {
  const folder = mkdtempSync(join(tmpdir(), 'mrt-precheck-'));
  let server: OldServer;
  let cluster: Cluster;
  const secret = () => Promise.resolve(PASSWORD);
  /** Logged in anew, as the command does: what is granted on everything holds from the next login on. */
  const precheck = async (deep = false): Promise<Precheck> => {
    const servers = openServers({ secrets: secret });
    try {
      return await precheckUpgrade({ servers, secret }, cluster, { to: '9.7', deep, inOneStep: null });
    } finally {
      await servers.close();
    }
  };
  const at = ({ findings }: Precheck, { check, where }: Planted): UpgradeFinding | undefined =>
    findings.find((finding) => finding.check === check && where.test(finding.where));

  beforeAll(async () => {
    server = await startOldServer(version, join(folder, 'data'), { password: PASSWORD });
    const account = { user: 'runbooks', password: { env: 'PASSWORD' } };
    cluster = clusterOf([], {
      name: 'orders',
      durability: 'async',
      accounts: { admin: account, replication: account },
      instances: [instance('db1', { host: '127.0.0.1', port: server.port })],
      tls: { mode: 'off' },
    });
    await runAll(server.root, ['CREATE DATABASE shop', 'CREATE TABLE shop.plain (id INT)']);
  }, 600_000);
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const cure = async (finding: UpgradeFinding) => {
    await runAll(
      server.root,
      finding.cure.filter((line) => !line.startsWith('--')).map((line) => line.replace(/;( --.*)?$/, '')),
    );
  };

  test('says what our account may not see, and the printed GRANT lets it see', async () => {
    const blind = (await precheck()).findings.filter(({ check }) => check === 'unread');
    expect(blind[0]?.where).toMatch(/^account 'runbooks'@'%' on db1$/);
    await cure(blind[0]!);
    expect((await precheck()).findings.filter(({ check }) => check === 'unread')).toEqual([]);
  });

  test('finds everything that was planted (U2 among it), and the printed statements end it', async () => {
    for (const { plant } of planted) if (plant) await runAll(server.root, plant);
    const before = await precheck();
    expect(planted.filter((one) => !at(before, one)).map(({ check, where }) => `${check} ${where}`)).toEqual([]);
    expect(before.findings.filter(({ cure: lines }) => lines.length === 0)).toEqual([]);

    const failed: string[] = [];
    for (const one of planted) {
      const finding = at(before, one)!;
      await cure(finding).catch((error: unknown) =>
        failed.push(`${finding.where}: ${String(error)}\n${finding.cure.join('\n')}`),
      );
      if (one.byHand !== undefined && one.byHand !== 'stays') await runAll(server.root, one.byHand);
    }
    expect(failed).toEqual([]);
    const after = await precheck();
    const left = planted.filter((one) => one.byHand !== 'stays' && at(after, one));
    expect(left.map((one) => JSON.stringify(at(after, one), null, 1))).toEqual([]);
  }, 240_000);

  const in57 = version === '5.7.22' ? test : test.skip;
  in57('finds what files and the dictionary do not say alike', async () => {
    const data = join(folder, 'data', 'data');
    await runAll(server.root, [
      'CREATE TABLE shop.orphan (id INT)',
      'CREATE TABLE shop.ghost (id INT)',
      'CREATE TABLE shop.ghost_too (id INT) ENGINE = MyISAM',
      'CREATE DATABASE lost',
      'CREATE PROCEDURE lost.p() SELECT 1',
      'CREATE DATABASE `with@at`',
      'CREATE TABLE `with@at`.`a-b` (id INT)',
      'FLUSH TABLES',
    ]);
    cpSync(join(data, 'shop', 'orphan.frm'), join(folder, 'orphan.frm'));
    rmSync(join(data, 'shop', 'orphan.frm'));
    for (const ending of ['frm', 'MYD', 'MYI'])
      renameSync(join(data, 'shop', `ghost_too.${ending}`), join(data, 'shop', `ghost.${ending}`));
    rmSync(join(data, 'lost'), { recursive: true });
    mkdirSync(join(data, 'old-name'));

    const before = await precheck();
    const places = ({ findings }: Precheck, ...checks: readonly string[]) =>
      findings.filter(({ check }) => checks.includes(check)).map(({ check, where }) => `${check}: ${where}`);
    const kinds = ['orphan-table', 'two-engines', 'orphan-program', 'old-name'];
    expect(places(before, ...kinds).sort()).toEqual([
      'old-name: schema #mysql50#old-name',
      'orphan-program: procedure lost.p',
      'orphan-table: table shop.orphan',
      'two-engines: table shop.ghost',
    ]);
    for (const finding of before.findings.filter(({ check }) => check === 'orphan-program' || check === 'old-name'))
      await cure(finding);
    cpSync(join(folder, 'orphan.frm'), join(data, 'shop', 'orphan.frm'));
    await runAll(server.root, ['DROP TABLE shop.orphan']);
    expect(places(await precheck(), ...kinds)).toEqual(['two-engines: table shop.ghost']);
  });

  in57('finds a tablespace that is reached through .., and a client that is too old', async () => {
    for (const name of ['one', 'two']) mkdirSync(join(folder, name));
    await runAll(server.root, [`CREATE TABLESPACE far ADD DATAFILE '${folder}/one/../two/far.ibd'`]);
    const old = await createConnection({
      ...server.root,
      connectAttributes: { _client_name: 'libmysql', _client_version: '5.7.20', program_name: 'shopd' },
    });
    try {
      const found = (await precheck(true)).findings;
      expect(found.filter(({ check }) => check === 'client-library')).toMatchObject([
        { severity: 'warning', where: 'libmysqlclient 5.7.20, logged in as root (shopd)' },
      ]);
      expect(found.filter(({ check }) => check === 'tablespace-path').map(({ where }) => where)).toEqual([
        'tablespace far',
      ]);
    } finally {
      old.destroy();
    }
  });

  const in80 = version === '8.0.12' ? describe : describe.skip;
  in80('by the command', () => {
    let compiled: string;
    const run = (line: string, env: NodeJS.ProcessEnv = {}) =>
      runbook(compiled, line.split(' '), { cwd: folder, env: { ADMIN: PASSWORD, ...env } });
    beforeAll(() => {
      compiled = compileCli();
      writeFileSync(
        join(folder, 'fleet.yaml'),
        `clusters:
  orders:
    durability: async
    tls: { mode: 'off' }
    instances: [{ name: db1, host: 127.0.0.1, port: ${server.port} }]
    accounts: { admin: { user: runbooks, password: { env: ADMIN } }, replication: { user: repl, password: { env: ADMIN } } }
`,
      );
    });
    afterAll(() => rmSync(compiled, { recursive: true }));

    test('what stops the upgrade is an exit code of 3, and what does not is 0', async () => {
      await runAll(server.root, ["CREATE USER 'old2'@'%' IDENTIFIED WITH mysql_native_password BY 'x'"]);
      const stopped = await run('precheck upgrade orders --to 8.4');
      expect(stopped).toMatchObject({ code: 3, stderr: '' });
      expect(stopped.stdout).toMatch(/^orders: 8\.0 → 8\.4\n/);
      expect(stopped.stdout).toContain("MySQL Shell's own checker was not asked: mysqlsh is not installed here");
      expect(stopped.stdout).toContain("ALTER USER 'old2'@'%' IDENTIFIED WITH caching_sha2_password BY");
      const free = await run('precheck upgrade orders --to 8.0');
      expect(free).toMatchObject({ code: 0, stderr: '' });
      expect(free.stdout).toMatch(/0 errors, .*: nothing stops 8\.0\n$/);
    });

    test('MySQL Shell is asked where it is installed, and its findings stand beside ours', async () => {
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'mysqlsh'), MYSQLSH);
      chmodSync(join(bin, 'mysqlsh'), 0o755);
      const path = `${bin}:${process.env['PATH'] ?? ''}`;
      const { code, stdout } = await run('precheck upgrade orders --to 8.4 --json', { PATH: path, HEARD: folder });
      expect(code).toBe(3);
      const answer = JSON.parse(stdout) as Precheck;
      expect(answer.officialSkipped).toBeNull();
      expect(answer.path).toEqual({ through: ['8.0', '8.4'], forced: null });
      expect(answer.findings.filter(({ check }) => check === 'official-checker')).toMatchObject([
        {
          severity: 'error',
          instance: 'db1',
          where: 'shop.v (removedFunctions)',
          manual: 'Usage of removed functions',
        },
      ]);
      const heard = JSON.parse(readFileSync(join(folder, 'heard'), 'utf8')) as { argv: string[]; input: string };
      expect(heard.argv.join(' ')).toBe(
        `--passwords-from-stdin --quiet-start=2 --ssl-mode=DISABLED -- util check-for-server-upgrade runbooks@127.0.0.1:${server.port} --target-version=8.4 --output-format=JSON`,
      );
      expect(heard.input).toBe(`${PASSWORD}\n`);

      const broken = await run('precheck upgrade orders --to 8.0 --json', { PATH: path, HEARD: folder, FAIL: '1' });
      expect(broken.code).toBe(0);
      expect((JSON.parse(broken.stdout) as Precheck).officialSkipped).toBe(
        'mysqlsh ended with exit code 1: MySQL Error 1045: Access denied',
      );
    });

    test('a member that the inventory does not name is refused', async () => {
      const { code, stderr } = await run('precheck upgrade orders --to 8.4 --on db7');
      expect({ code, stderr }).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/db7 is not an instance of orders/) as unknown,
      });
    });
  });
});

/** Prints what MySQL Shell prints, and keeps what it was given. */
const MYSQLSH = `#!/usr/bin/env node
const input = require('node:fs').readFileSync(0, 'utf8');
require('node:fs').writeFileSync(process.env.HEARD + '/heard', JSON.stringify({ argv: process.argv.slice(2), input }));
if (process.env.FAIL) {
  console.error('MySQL Error 1045: Access denied');
  process.exit(1);
}
console.log('Please provide the password for the account: ');
console.log(JSON.stringify({
  serverAddress: '127.0.0.1', serverVersion: '8.0.12', targetVersion: '8.4.3', errorCount: 1, warningCount: 0, noticeCount: 0, summary: '',
  checksPerformed: [{
    id: 'removedFunctions', title: 'Usage of removed functions', status: 'OK', description: 'Gone.',
    detectedProblems: [{ level: 'Error', dbObject: 'shop.v', description: 'VIEW uses removed function X', dbObjectType: 'View' }],
  }],
  manualChecks: [],
}, null, 4));
`;
