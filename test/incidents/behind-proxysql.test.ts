import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { type Lab } from '../../lab';
import { WRITERS } from '../support/proxysql/fleet';
import { type Front, startFronts } from '../support/proxysql/front';
import { eventually } from '../support/wait';
import { standsStillAt, stoodStill } from './faulty-worker';
import { incident, type Incident, type Scene } from './incident';
import { isClosed } from './standing';
import { switchOver } from './switching';

const folder = mkdtempSync(join(tmpdir(), 'mrt-proxysql-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two members of a ProxySQL cluster, the read_only monitor of each at work; the load comes in by the first unless told otherwise. */
async function behindTwo(
  { by = 0, ...scene }: Scene & { readonly by?: 0 | 1 },
  story: (incident: Incident, fronts: readonly [Front, Front]) => Promise<void>,
): Promise<void> {
  let fronts: readonly Front[] = [];
  const entrance = async (lab: Lab) => {
    const { members, stop } = await startFronts(lab, ['proxysql-1', 'proxysql-2']);
    fronts = members;
    return { load: { ports: [members[by]!.data.port], multiplexed: true }, stop };
  };
  await incident({ router: 'none', ...scene, entrance }, (told) => story(told, fronts as [Front, Front]));
}

/** A client whose every statement or two keeps its session on a server: short transactions that insert with AUTO_INCREMENT. */
async function shortTransactions(lab: Lab, { data }: Front) {
  await lab.rows('db1', 'CREATE TABLE shop.tickets (id BIGINT AUTO_INCREMENT PRIMARY KEY)');
  const { user, passwordFile } = lab.accounts.app;
  const login = { host: '127.0.0.1', port: data.port, user, password: readFileSync(passwordFile, 'utf8') };
  const connection = await createConnection({ ...login, database: 'shop' });
  const seen = { committed: 0, over: false };
  const running = (async () => {
    while (!seen.over) {
      for (const sql of ['BEGIN', 'INSERT INTO tickets VALUES ()', 'COMMIT', 'INSERT INTO tickets VALUES ()'])
        await connection.query(sql);
      seen.committed += 2;
    }
  })();
  // It is awaited at the end; an error before that is no unhandled one.
  running.catch(() => undefined);
  return async () => {
    seen.over = true;
    await running;
    connection.destroy();
    return seen.committed;
  };
}

/** It answers again, and copies what the other member of its cluster does. */
async function comesBack({ proxy }: Front, lab: Lab, primary: string): Promise<void> {
  proxy.hung = false;
  await eventually(`its writes go to ${primary}`, () => leadsTo(proxy, lab, primary));
}

const leadsTo = (proxy: Front['proxy'], lab: Lab, server: string): boolean =>
  proxy.hostgroups.reachedFrom(WRITERS).join() === `127.0.0.1:${lab.server(server).port}`;

test('behind two ProxySQL the primary moves on purpose, there and back: clients are held, keep their sessions and see no error', () =>
  behindTwo({}, async (scene, [one]) => {
    const { lab, load, settle } = scene;
    const committed = await shortTransactions(lab, one);
    const clients = one.data.logins['app'];
    for (const [from, to] of [
      ['db1', 'db2'],
      ['db2', 'db1'],
    ] as const) {
      const told = await switchOver(scene, { to });
      const headline = expect.stringMatching(new RegExp(`^${to} is the primary in place of ${from}`)) as string;
      expect(told).toMatchObject({ outcome: 'done', headline, oldPrimary: from, newPrimary: to, left: [] });
      await load.nextAcknowledgement(undefined, lab.server(to).uuid);
    }
    const tickets = await committed();
    const seen = await settle({ primary: 'db1', tenures: ['db1', 'db2', 'db1'].map((name) => lab.server(name).uuid) });
    expect(seen.failed).toEqual([]);
    expect(seen.refusedConnections).toBe(0);
    expect(await lab.value('db1', 'SELECT COUNT(*) FROM shop.tickets')).toBe(tickets);
    expect(one.data.logins['app']).toBe(clients);
  }));

test('behind two ProxySQL the primary hangs, is replaced, and wakes up writable: neither monitor leads anybody back to it', () =>
  behindTwo({}, async (scene, fronts) => {
    const { lab, faults, load, report, settle } = scene;
    faults.hang('db1');
    const told = await report();
    expect(told).toMatchObject({ outcome: 'done', oldPrimary: 'db1' });
    const primary = told.newPrimary ?? '';
    await load.nextAcknowledgement(undefined, lab.server(primary).uuid);
    const asked = fronts.map(({ proxy }) => proxy.monitored);
    faults.wake('db1');
    await eventually('each monitor has looked ten times since', () =>
      fronts.every(({ proxy }, index) => proxy.monitored > (asked[index] ?? 0) + 10),
    );
    for (const { proxy } of fronts) expect(leadsTo(proxy, lab, primary)).toBe(true);
    await eventually('the watcher has closed db1', () => isClosed(lab, 'db1'));
    await settle({ primary, quarantined: ['db1'] });
  }));

test('S10: one of two ProxySQL does not answer: a planned switchover is refused with its name, and nothing is touched', () =>
  behindTwo({ watched: false }, async (scene, [, two]) => {
    two.proxy.hung = true;
    const told = await switchOver(scene, { to: 'db2' });
    expect(told.outcome).toBe('refused');
    expect(told.left.join('\n')).toMatch(/proxysql-2/);
    const seen = await scene.settle({ primary: 'db1' });
    expect(seen.failed).toEqual([]);
  }));

test('S10: one of two ProxySQL is gone when the new primary is open: no green end, and who comes in by it cannot write to the old one', () =>
  behindTwo({ watched: false, by: 1, workers: [standsStillAt(folder, 'switch:open')] }, async (scene, [, two]) => {
    const { lab, load, start, settle } = scene;
    const run = switchOver(scene, { to: 'db2' });
    const goOn = await stoodStill(lab);
    two.proxy.hung = true;
    goOn();
    const told = await run;
    expect(told).toMatchObject({ outcome: 'failed', newPrimary: 'db2' });
    expect(told.headline).toMatch(/no write came through proxysql-2/);
    // Nobody can tell it, and its own monitor leads it on: db1 is read-only, db2 is not.
    await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
    expect(told.left).toContainEqual(expect.stringMatching(/^End the hold of db1 at proxysql-2 did not succeed/));

    await comesBack(two, lab, 'db2');
    expect(await start()).toMatchObject({ outcome: 'stood down' });
    await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
    await settle({ primary: 'db2' });
  }));

test('S10: lossless, and one of two ProxySQL goes on by itself: the hung primary that wakes up behind it can acknowledge nothing', () =>
  behindTwo({ durability: 'lossless', by: 1 }, async (scene, [, two]) => {
    const { lab, faults, load, report, start, settle } = scene;
    two.proxy.hung = true;
    faults.hang('db1');
    const told = await report();
    expect(told).toMatchObject({ outcome: 'failed', oldPrimary: 'db1' });
    expect(told.headline).toMatch(/no write came through proxysql-2/);
    expect(told.fenceProofs).toEqual([expect.stringMatching(/^db1 cannot acknowledge a commit/)]);
    const primary = told.newPrimary ?? '';

    faults.wake('db1');
    await eventually('the watcher has closed db1', () => isClosed(lab, 'db1'));
    await comesBack(two, lab, primary);
    expect(await start()).toMatchObject({ outcome: 'stood down' });
    await load.nextAcknowledgement(undefined, lab.server(primary).uuid);
    // What replicas had received when it was stopped, it may say when it wakes up: the new primary has those rows.
    const tenures = ['db1', primary, 'db1', primary].map((name) => lab.server(name).uuid);
    await settle({ primary, quarantined: ['db1'], tenures });
  }));
