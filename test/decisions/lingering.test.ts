import { lingering, notesOfSwitchover, tellLingering } from '../../workflows/decisions/lingering';
import { automatic, dns, haproxy } from './facts';

const view = { router: 'edge', writers: ['db1'], misconfigured: false, because: '' };

test('a proxy leads nobody astray; a name does for as long as its record lives, and at least as long as the inventory says', () => {
  expect(lingering(automatic({ routers: [haproxy] }), [view])).toEqual([]);
  const named = automatic({ routers: [dns] });
  for (const [seen, seconds] of [
    [undefined, 5],
    [1, 5],
    [300, 300],
  ] as const) {
    const views = seen === undefined ? [] : [{ ...view, staleForSeconds: seen }];
    expect(lingering(named, views)).toEqual([{ router: 'edge', seconds, declaredSeconds: 5 }]);
  }
});

test('a switchover compares it with the write gap', () => {
  const short = [{ router: 'edge', seconds: 1, declaredSeconds: 1 }];
  expect(notesOfSwitchover(short, 'db1', 2000)[0]).toContain('1 s after the change, within the 2 s');
  expect(notesOfSwitchover(short, 'db1', 500)[0]).toContain('1 s after the change, longer than the 0.5 s');
});

test('the report names only routers that were pointed and that caches remember', () => {
  const one = { router: 'edge', proved: true, staleForSeconds: 5 };
  expect(tellLingering([one, { ...one, proved: false }, { router: 'proxy', proved: true }], 'db1')).toEqual([
    'resolvers may send clients of router edge to db1 for 5 s more',
  ]);
});
