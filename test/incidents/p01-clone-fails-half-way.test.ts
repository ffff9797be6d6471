import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { caughtUp } from '../support/wait';
import { incident } from './incident';
import { beginFilling, declareProvisioning, emptied, fillingSays, grow, provision } from './provisioning';
import { expectReplica, readers } from './rejoining';
import { type RunbookReport } from '../../workflows/decisions/report';

/** Numbered steps of the paper, in their order: what a person did by hand and what a run says it does must be one list. */
const PAPER = [
  ...readFileSync(join(__dirname, '../../docs/runbooks/provision-replica.md'), 'utf8').matchAll(
    /^\| \*\*\d+ (\w+)\*\*/gm,
  ),
].map(([, name]) => (name ?? '').toLowerCase());

test('P1: a new server is filled from a replica; error 3707 is success that needs a start, which the run does itself', () =>
  incident({ watched: false, durability: 'async' }, async (scene) => {
    const { lab, load, settle } = scene;
    declareProvisioning(lab);
    await emptied(lab, 'db3');
    const told = await provision(scene, { instance: 'db3' });
    expect(told).toMatchObject({
      outcome: 'done',
      headline: 'db3 replicates from db1, has caught up, and holds what db2 holds',
      left: [],
    });
    expect([...new Set(told.steps.map(({ phase }) => phase))]).toEqual(PAPER);
    expect(told.steps.map(({ title }) => title)).toContain('Fill db3 by clone from db2');
    expect(told.steps.find(({ title }) => title.startsWith('Compare'))?.detail).toMatch(/^\d+ rows of \d+ tables/);
    await load.stop();
    await caughtUp(lab, 'db3', 'db1');
    await expectReplica(lab, 'db3', 'db1');
    expect(await readers(lab)).toEqual(['db2', 'db3']);
    expect(await provision(scene, { instance: 'db3' })).toMatchObject({ outcome: 'stood down' });
    await settle({ primary: 'db1' });
  }));

test('P1: the donor is killed half way: the recipient is said to be unusable, and is filled from another one', () =>
  incident({ watched: false, durability: 'async', replicas: 3 }, async (scene) => {
    const { lab, load, faults, settle } = scene;
    declareProvisioning(lab, { maxMegabytesPerSecond: 4 });
    await grow(lab, 80);
    for (const replica of ['db2', 'db3']) await caughtUp(lab, replica, 'db1');
    await emptied(lab, 'db4');
    const run = await beginFilling(scene, { instance: 'db4' });
    const { steps } = await fillingSays(run, ({ steps: all }) => all.some(({ detail }) => /FILE COPY/.test(detail)));
    const donor = /from (db\d)$/.exec(steps.find(({ state }) => state === 'running')?.title ?? '')?.[1] ?? '';
    await faults.kill(donor);
    declareProvisioning(lab);
    const told = (await run.result()) as RunbookReport;
    expect(told.outcome).toBe('done');
    expect(told.decisions.join('\n')).toMatch(
      new RegExp(`CLONE of db4 from ${donor} failed in FILE COPY: .*db4 is unusable: its data is dropped`),
    );
    const other = donor === 'db2' ? 'db3' : 'db2';
    expect(told.steps.map(({ title }) => title)).toContain(`Fill db4 by clone from ${other}`);
    await load.stop();
    await caughtUp(lab, 'db4', 'db1');
    await expectReplica(lab, 'db4', 'db1');
    await faults.start(donor, { replicate: true });
    await settle({ primary: 'db1' });
  }));
