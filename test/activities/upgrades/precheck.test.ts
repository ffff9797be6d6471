import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
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

  test('finds everything that was planted, and the printed statements end it', async () => {
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
});
