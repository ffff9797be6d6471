import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lab } from '../../lab';
import { type WhenUnreachable } from '../../workflows/decisions/router';
import { isAlive } from '../../lab/processes';
import { startFronts } from '../support/proxysql/front';
import { eventually } from '../support/wait';
import { declare } from './declare';
import { incident, type Incident } from './incident';
import { isClosed } from './standing';
import { switchOver } from './switching';

const folder = mkdtempSync(join(tmpdir(), 'mrt-router-away-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const policy = (lab: Lab, whenUnreachable: WhenUnreachable) =>
  declare(lab, ({ routers = [] }) => routers.forEach((router) => Object.assign(router, { whenUnreachable })));

/** The router is back: the next run does only what is left. */
async function nextRunReroutes({ lab, faults, load, start, settle }: Incident, primary: string): Promise<void> {
  faults.wakeRouter();
  const second = await start();
  expect(second).toMatchObject({ outcome: 'done', plan: { kind: 'reroute' } });
  expect(second.steps.map(({ title }) => title)).toEqual([
    'Look at the primary from here and through every replica',
    'Point every router at the new primary and prove it by a write',
  ]);
  await load.nextAcknowledgement(undefined, lab.server(primary).uuid);
  await settle({ primary });
}

test('a router that is away while the primary is replaced: the run fails aloud, and the next one does only what is left', () =>
  incident({}, async (scene) => {
    const { faults, progress, approve, report } = scene;
    faults.hangRouter();
    await faults.kill('db1');
    const { question } = await progress(({ question: asked }) => asked !== null);
    expect(question?.because.join('\n')).toMatch(/nothing proves that db1 can no longer take writes/);
    await approve('the host is off');
    const first = await report();
    expect(first).toMatchObject({ outcome: 'failed' });
    expect(first.headline).toMatch(/no write came through haproxy/);
    await nextRunReroutes(scene, first.newPrimary ?? '');
  }));

test('ask: HAProxy hangs and the primary dies; a person is asked before anything is fenced, and says no', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, faults, load, progress, reject, start } = scene;
    policy(lab, 'ask');
    faults.hangRouter();
    await faults.kill('db1');
    const run = start();
    const { question } = await progress(({ question: asked }) => asked !== null);
    expect(question?.because.join('\n')).toMatch(/router haproxy-1 cannot be reached, and nobody goes on without it/);
    await reject('the network people are at it');
    expect(await run).toMatchObject({
      outcome: 'rejected',
      headline: expect.stringMatching(/^Not approved/) as string,
    });
    expect(await isClosed(lab, 'db2')).toBe(true);
    await load.stop();
  }));

test('fence: HAProxy and the primary hang; nothing opens until the fence command has worked, so nobody is led to a second writer', () =>
  incident({}, async (scene) => {
    const { lab, faults, progress, approve, report } = scene;
    policy(lab, 'fence');
    const switchedOn = join(folder, 'power-switch');
    const command = `test -e ${switchedOn} && kill -9 ${lab.server('db1').pid} && echo db1 has no power`;
    declare(lab, ({ instances: [db1] }) => Object.assign(db1!, { fenceCommand: ['/bin/sh', '-c', command] }));
    faults.hangRouter();
    faults.hang('db1');
    const first = await progress(({ question }) => question !== null);
    expect(first.question?.text).toBe('Fence db1 once more?');
    await approve('it should work now');
    const again = await progress(({ question }) => question !== null && question.id !== first.question?.id);
    expect(again.question?.text).toBe('Fence db1 once more?');
    for (const replica of ['db2', 'db3']) expect(await isClosed(lab, replica)).toBe(true);

    writeFileSync(switchedOn, '');
    await approve('now it does');
    const told = await report();
    expect(told).toMatchObject({ outcome: 'failed', fenceProofs: [expect.stringMatching(/db1 has no power/)] });
    expect(told.headline).toMatch(/no write came through haproxy-1/);
    await eventually('db1 is gone', () => !isAlive(lab.server('db1')));
    await nextRunReroutes(scene, told.newPrimary ?? '');
  }));

test('fence: HAProxy hangs and the primary is moved on purpose; who comes in by it meets a server that is read-only', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, faults } = scene;
    policy(lab, 'fence');
    faults.hangRouter();
    const told = await switchOver(scene, { to: 'db2' });
    expect(told).toMatchObject({ outcome: 'failed', newPrimary: 'db2' });
    expect(told.headline).toBe('db2 is the primary in place of db1, but no write came through haproxy-1');
    expect(told.plan?.lines.join('\n')).toMatch(
      /router haproxy-1 cannot be reached and is gone on without: db1 itself/,
    );
    expect(await isClosed(lab, 'db1')).toBe(true);
    await nextRunReroutes(scene, 'db2');
  }));

test('ask: one of two ProxySQL is gone and the primary is moved on purpose; by a word of a person, and clients of the other see no error', () => {
  const gone = { name: 'proxysql-2' };
  const entrance = async (lab: Lab) => {
    const { members, stop } = await startFronts(lab, ['proxysql-1', gone.name]);
    policy(lab, 'ask');
    members[1]!.data.stop();
    await members[1]!.proxy.stop();
    return { load: { ports: [members[0]!.data.port], multiplexed: true }, stop };
  };
  return incident({ router: 'none', watched: false, entrance }, async (scene) => {
    const { lab, load, progress, approve, settle } = scene;
    const run = switchOver(scene, { to: 'db2' });
    const { question } = await progress(({ question: asked }) => asked !== null);
    expect(question?.because).toEqual([expect.stringMatching(/^router proxysql-2 cannot be reached/)]);
    expect(await isClosed(lab, 'db1')).toBe(false);
    await approve('it was taken down this morning');
    const told = await run;
    expect(told).toMatchObject({ outcome: 'failed', newPrimary: 'db2' });
    expect(told.headline).toMatch(/^db2 is the primary in place of db1, but no write came through proxysql-2$/);
    expect(told.left).toEqual([expect.stringMatching(/^router proxysql-2 is not proven/)]);
    await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
    const seen = await settle({ primary: 'db2' });
    expect(seen.failed).toEqual([]);
  });
});
