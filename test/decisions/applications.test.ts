import { applicationsAfter, judgeComeback, notesOfApplications } from '../../workflows/decisions/applications';
import { type Application } from '../../workflows/decisions/cluster';
import { clusterOf } from './members';

const shop = (change: Partial<Application> = {}): Application => ({
  ...{ name: 'shop', user: 'shop', command: ['/bin/true'], when: 'both' },
  ...{ sessions: 1, patienceSeconds: 10, deadlineSeconds: 60 },
  ...change,
});
const where = { oldPrimary: 'db1', newPrimary: 'db2' };

test.each<[string, Partial<Application>, [number, number | null], boolean, string]>([
  ['one has arrived, none holds on', {}, [1, 0], true, '1 of its user shop connected to db2'],
  [
    'many have arrived, and one holds on',
    {},
    [9, 1],
    false,
    '9 of its user shop connected to db2, and 1 still hold on to db1',
  ],
  ['nobody anywhere', {}, [0, 0], false, '0 of its user shop connected to db2, and 1 are expected'],
  ['fewer than expected', { sessions: 3 }, [2, 0], false, '2 of its user shop connected to db2, and 3 are expected'],
  [
    'the old primary is dead: what arrived decides',
    {},
    [1, null],
    true,
    '1 of its user shop connected to db2; db1 cannot be asked',
  ],
  [
    'the old primary is dead, and nobody arrived',
    {},
    [0, null],
    false,
    '0 of its user shop connected to db2, and 1 are expected; db1 cannot be asked',
  ],
])('%s', (_, change, [arrived, holdingOn], back, because) => {
  expect(judgeComeback(shop(change), { arrived, holdingOn }, where)).toEqual({ back, because });
});

test('an application is looked after when it says so, and the plan names it', () => {
  const applications = [
    shop(),
    shop({ name: 'till', when: 'failover', patienceSeconds: 3 }),
    shop({ name: 'stock', when: 'switchover' }),
  ];
  const cluster = clusterOf(['db1'], { applications });
  expect(applicationsAfter(cluster, 'failover').map(({ name }) => name)).toEqual(['shop', 'till']);
  expect(applicationsAfter(cluster, 'switchover').map(({ name }) => name)).toEqual(['shop', 'stock']);
  expect(applicationsAfter(clusterOf(['db1']), 'failover')).toEqual([]);
  expect(notesOfApplications(cluster, 'failover')).toEqual([
    'shop is restarted unless its user shop connects to the new primary within 10 s of itself',
    'till is restarted unless its user shop connects to the new primary within 3 s of itself',
  ]);
});
