import { type Application } from '../../workflows/decisions/cluster';
import { type RunbookReport } from '../../workflows/decisions/report';
import { movable } from './moving';
import { type Played, policy, type Scene, Stage } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const shop: Application = {
  ...{ name: 'shop', user: 'shop', command: ['/bin/true'], when: 'both' },
  ...{ sessions: 1, patienceSeconds: 3, deadlineSeconds: 7 },
};
const away = { back: false, because: '0 of its user shop connected to db2, and 1 are expected' };
const back = { back: true, because: '1 of its user shop connected to db2' };

const failover = (acts: Scene['acts'] = {}): Played =>
  stage.put({ cluster: policy({}, { applications: [shop] }), acts });
const about = ({ calls }: Played): string[] =>
  calls.filter((call) => /^(routeWrites|lastSession|awaitSessions|restartApplication)/.test(call));

test('it comes back by itself: it is left alone', async () => {
  const played = failover();
  const told = await stage.run(played);
  expect(told.outcome).toBe('done');
  expect(told.plan?.lines).toContain(
    'shop is restarted unless its user shop connects to the new primary within 3 s of itself',
  );
  expect(about(played)).toEqual(['routeWrites db2', 'lastSession', 'awaitSessions']);
  expect(told.steps).toContainEqual(
    expect.objectContaining({ title: 'See that shop comes back', state: 'done', detail: `${back.because}, by itself` }),
  );
});

test('it holds on: told behind the proof, and seen to come back', async () => {
  const orders: { withinSeconds: number; heldSince: number | null }[] = [];
  const played = failover({
    awaitSessions: (order) => Promise.resolve(orders.push(order) > 1 ? back : away),
  });
  const told = await stage.run(played);
  expect(about(played)).toEqual([
    'routeWrites db2',
    'lastSession',
    'awaitSessions',
    'restartApplication',
    'awaitSessions',
  ]);
  expect(orders).toMatchObject([
    { withinSeconds: 3, heldSince: 50 },
    { withinSeconds: 7, heldSince: 50 },
  ]);
  expect(told.left.join()).not.toContain('shop');
});

test('it does not come back: it is told, and the failover is none the worse', async () => {
  const played = failover({
    awaitSessions: () => Promise.resolve(away),
    lastSession: () => Promise.resolve(null),
    restartApplication: () => Promise.resolve('ended with exit code 3'),
  });
  const told = await stage.run(played);
  expect(told.outcome).toBe('done');
  expect(told.left).toContain(
    `shop did not come back: ${away.because}; its command ended with exit code 3. Look where it connects, and restart it by hand`,
  );
});

test('no write came through a router: nobody is sent there', async () => {
  const routers = [{ router: 'edge', proved: false, elapsedMs: 0, because: 'no answer.' }];
  const played = failover({ routeWrites: () => Promise.resolve({ routers, provedAt: null, parts: [] }) });
  const told = await stage.run(played);
  expect(about(played)).not.toContain('restartApplication');
  expect(told.left).toContain('shop was not restarted, for no write came through edge: do it after that');
});

test('a switchover looks after those that are meant, and the plan names them', async () => {
  const applications = [shop, { ...shop, name: 'till', when: 'failover' as const }];
  const scene = movable(undefined, undefined, { applications });
  const played = stage.put(scene);
  const told = (await (await stage.begin('plannedSwitchover', played, { to: 'db2' })).result()) as RunbookReport;
  expect(told).toMatchObject({ outcome: 'done', left: [] });
  expect(told.plan?.lines.join()).toMatch(/shop is restarted unless .+ connects to the new primary/);
  expect(told.steps.map(({ title }) => title).filter((title) => title.startsWith('See that'))).toEqual([
    'See that shop comes back',
  ]);
});
