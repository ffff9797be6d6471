import { incident } from './incident';

/** MySQL's own default: what most fleets have. */
const PATIENCE_MS = 10_000;
const patience = ['loose-rpl-semi-sync-source-timeout=10000'];

test('of two semi-synchronous servers one dies: writes do not wait for an acknowledgement that nobody is left to give, and the patience is as before', () =>
  incident(
    { replicas: 1, serverOptions: { db1: patience, db2: patience } },
    async ({ faults, lab, report, load, settle }) => {
      await faults.kill('db1');
      const told = await report();
      expect(told).toMatchObject({ outcome: 'done', newPrimary: 'db2' });
      await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
      expect(told.rto?.totalMs).toBeLessThan(PATIENCE_MS);
      expect(await lab.value('db2', 'SELECT @@global.rpl_semi_sync_source_timeout')).toBe(PATIENCE_MS);
      expect(await lab.value('db2', 'SELECT @@global.rpl_semi_sync_source_enabled')).toBe(1);
      await settle({ primary: 'db2' });
    },
  ));

test('of two lossless servers one dies: a human is told that commits will wait until a replica follows', () =>
  incident({ replicas: 1, durability: 'lossless' }, async ({ faults, lab, progress, reject, report }) => {
    await faults.kill('db1');
    const { question } = await progress(({ question: asked }) => asked !== null);
    expect(question?.because.join()).toMatch(/no replica is left to follow db2: the cluster is lossless/);
    await reject('a replica comes first');
    expect(await report()).toMatchObject({ outcome: 'rejected' });
    expect(await lab.value('db2', 'SELECT @@global.super_read_only')).toBe(1);
  }));
