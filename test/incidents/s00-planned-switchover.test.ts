import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, replicaState } from '../support/wait';
import { incident } from './incident';
import { switchOver } from './switching';

/** Numbered steps of the paper, in their order: what a person did by hand and what a run says it does must be one list. */
const PAPER = [
  ...readFileSync(join(__dirname, '../../docs/runbooks/planned-switchover.md'), 'utf8').matchAll(
    /^\| \*\*\d+ (\w+)\*\*/gm,
  ),
].map(([, name]) => (name ?? '').toLowerCase());

test('S0: the primary moves on purpose under load, there and back; nothing acknowledged is lost and every server follows', () =>
  incident({}, async (scene) => {
    const { lab, load, settle } = scene;
    for (const [from, to] of [
      ['db1', 'db2'],
      ['db2', 'db1'],
    ] as const) {
      const told = await switchOver(scene, { to });
      expect(told).toMatchObject({ outcome: 'done', oldPrimary: from, newPrimary: to, left: [] });
      expect([...new Set(told.steps.map(({ phase }) => phase))]).toEqual(PAPER);
      const caughtUp = told.steps.find(({ title }) => title.includes('catch up'));
      expect(caughtUp?.detail).toMatch(/^\d+ ms behind; it applied \d+ transactions in \d+ ms$/);
      await load.nextAcknowledgement(undefined, lab.server(to).uuid);
      for (const replica of lab.servers.map(({ name }) => name).filter((name) => name !== to))
        await eventually(`${replica} follows ${to}`, async () => {
          const state = await replicaState(lab, replica);
          return state?.source === to && state.receiver === 'Yes' && state.applier === 'Yes';
        });
    }
    await settle({ primary: 'db1', tenures: ['db1', 'db2', 'db1'].map((name) => lab.server(name).uuid) });
  }));

test('S0: without a name the preferred replica is taken; a name that is the primary already is no change', () =>
  incident({ promotion: { db3: 'prefer' }, watched: false }, async (scene) => {
    expect(await switchOver(scene, { to: 'db1' })).toMatchObject({ outcome: 'stood down' });
    expect(await switchOver(scene, { dryRun: true })).toMatchObject({ outcome: 'planned', newPrimary: null });
    expect(await switchOver(scene)).toMatchObject({ outcome: 'done', newPrimary: 'db3' });
    await scene.settle({ primary: 'db3' });
  }));
