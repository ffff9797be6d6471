import { parseSlowLog } from '../../workflows/decisions/upgrading/slow-log';
import { compareQueries, type TriedQuery } from '../../workflows/decisions/upgrading/queries';
import { reportOfQueries } from '../../workflows/decisions/upgrading/query-report';

const OF_8 = `/usr/sbin/mysqld, Version: 8.0.12 (MySQL Community Server - GPL). started with:
Tcp port: 3306  Unix socket: /tmp/mysql.sock
Time                 Id Command    Argument
# Time: 2026-11-22T02:00:00.123456Z
# User@Host: app[app] @ shop-1 [10.0.0.9]  Id:    12
# Query_time: 0.012345  Lock_time: 0.000100 Rows_sent: 1  Rows_examined: 100
use shop;
SET timestamp=1795312800;
SELECT note FROM orders
# a comment of the application's
WHERE id = 7;
# Time: 2026-11-22T02:00:01.000000Z
# User@Host: app[app] @ shop-1 [10.0.0.9]  Id:    12
# Query_time: 2.500000  Lock_time: 0.000000 Rows_sent: 0  Rows_examined: 0
SET timestamp=1795312801;
SELECT SLEEP(2.5);
# User@Host: app[app] @ shop-1 [10.0.0.9]  Id:    12
# Query_time: 0.000010  Lock_time: 0.000000 Rows_sent: 0  Rows_examined: 0
SET timestamp=1795312802;
# administrator command: Quit;
`;

test('statements of a slow log, with the schema that was named last', () => {
  expect(parseSlowLog(OF_8)).toEqual([
    {
      ...{ schema: 'shop', user: 'app', ms: 12.3 },
      text: "SELECT note FROM orders\n# a comment of the application's\nWHERE id = 7",
    },
    { schema: 'shop', user: 'app', ms: 2500, text: 'SELECT SLEEP(2.5)' },
  ]);
});

test('the end of a file begins in the middle of a statement, which is left out', () => {
  const cut = OF_8.slice(OF_8.indexOf('FROM orders'));
  expect(parseSlowLog(cut)).toEqual([{ schema: '', user: 'app', ms: 2500, text: 'SELECT SLEEP(2.5)' }]);
  expect(parseSlowLog('')).toEqual([]);
});

test('a developer reads first what fails, then every statement with its times and plans', () => {
  const one = { digest: 'd', schema: 'shop', text: 'SELECT a | b FROM t' };
  const fast = { ok: true, ms: 1, plan: ['t:ref:by_a'] } as const;
  const tried: TriedQuery[] = [
    { ...one, old: fast, new: { ok: true, ms: 90, plan: ['t:ALL:no key'] }, source: 'slow log' },
    { ...one, digest: 'e', old: fast, new: { ok: false, error: 'near rank', cure: 'RANK: write it in backquotes' } },
  ];
  const text = reportOfQueries({ cluster: 'orders', versions: ['5.7.22', '8.0.12'], servers: ['db2', 'db3'] }, tried);
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual([
    'These fail on the new release: change them before the switch',
    'These have another plan: look at their indexes and hints',
    'These are slower',
    'All of them',
  ]);
  expect(text).toContain('they took 2 ms on db2 (5.7.22) and 90 ms on db3 (8.0.12)');
  expect(text).toContain('| SELECT a \\| b FROM t | shop | d | slow log | 1 | 90 | t:ref:by_a | t:ALL:no key |');
  for (const { sentence } of compareQueries(tried)) expect(text).toContain(`- ${sentence}`);
});
