import { findMonitoring } from '../../lab/programs/monitoring';
import { incident } from './incident';
import { startGateway, startMonitoring } from './monitored';

beforeAll(() => findMonitoring(), 600_000); // the first run on a machine installs them

test('F1 by alert: nobody watches, the primary dies, Prometheus notices, Alertmanager tells, the failover runs', () =>
  incident({ watched: false }, async ({ lab, faults, report, load, settle }) => {
    const gateway = await startGateway(lab);
    await startMonitoring(lab, gateway);
    await faults.kill('db1');

    await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
    const told = await report();
    expect(told).toMatchObject({
      outcome: 'done',
      newPrimary: 'db2',
      trigger: 'alert',
      startedBy: 'alert of alertmanager',
    });
    expect(told.reason).toMatch(/^the alert MysqlPrimaryDown of 127\.0\.0\.1:\d+: mysqld_exporter cannot log in$/);
    expect(gateway.log()).toMatch(/"outcome":"started".*"msg":"alert taken"/);
    await settle({ primary: 'db2' });
  }));
