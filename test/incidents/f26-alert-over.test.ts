import { findMonitoring } from '../../lab/programs/monitoring';
import { incident } from './incident';
import { startGateway, startMonitoring } from './monitored';

beforeAll(() => findMonitoring(), 600_000); // the first run on a machine installs them

test('F26 by alert: the primary hangs and wakes up before anybody answers; Alertmanager says so, and the run closes its question', () =>
  incident(
    { watched: false, failover: { mode: 'approve' } },
    async ({ lab, faults, progress, report, load, settle }) => {
      await startMonitoring(lab, await startGateway(lab));
      faults.hang('db1');
      await progress((seen) => seen.question !== null);
      faults.wake('db1');

      const told = await report();
      expect(told.outcome).toBe('stood down');
      expect(told.headline).toMatch(/nothing was changed: no longer needed: db1 answers/);
      await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
      await settle({ primary: 'db1' });
    },
  ));
