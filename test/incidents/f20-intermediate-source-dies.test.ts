import { replicaState } from '../support/wait';
import { incident } from './incident';

test('F20: an intermediate source dies: its replicas get the primary as their source, and no writer notices', () =>
  incident(
    { replicas: 3, sources: { db3: 'db2', db4: 'db2' }, durability: 'async' },
    async ({ lab, faults, report, load, settle }) => {
      await faults.kill('db2');
      const told = await report();

      expect(told).toMatchObject({ outcome: 'done', plan: { kind: 'reattach' } });
      expect(told.headline).toMatch(/the intermediate source db2 is gone: db3, db4/);
      expect(await replicaState(lab, 'db3')).toMatchObject({ source: 'db1' });
      expect(await replicaState(lab, 'db4')).toMatchObject({ source: 'db1' });
      await load.nextAcknowledgement();
      const seen = await settle({ primary: 'db1' });
      expect(seen.failed).toEqual([]);
      expect(seen.refusedConnections).toBe(0);
    },
  ));
