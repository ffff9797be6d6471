import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
});
