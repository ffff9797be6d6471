import { type SwitchOrder } from '../../activities/switchover/order';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type WhenUnreachable } from '../../workflows/decisions/router';
import { type RunbookReport } from '../../workflows/decisions/report';
import { haproxy } from '../decisions/facts';
import { uuidOf } from '../decisions/members';
import { movable } from './moving';
import { Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const routersOf = ({ routers }: Cluster): string[] => routers.map(({ name }) => name);

/** A fleet behind two routers, of which `edge` gives no answer. */
function behindTwo(whenUnreachable: WhenUnreachable) {
  const routers = [
    { ...haproxy, whenUnreachable },
    { ...haproxy, name: 'core' },
  ];
  const scene = movable([], [], { routers });
  const well = movable(undefined, undefined, { routers }).acts.previewCluster!;
  const told = { proved: true, elapsedMs: 3, because: 'a write came through' };
  const seen = { switched: [] as string[], routed: [] as string[] };
  const played = stage.put({
    ...scene,
    acts: {
      previewCluster: async (order) => ({
        ...(await well(order)),
        routers: [
          { router: 'edge', writers: null, misconfigured: false, because: 'edge: no answer' },
          { router: 'core', writers: ['db1'], misconfigured: false, because: '' },
        ],
      }),
      switchPrimary: ({ cluster }: SwitchOrder) => {
        seen.switched.push(...routersOf(cluster));
        const routed = { routers: [{ router: 'core', ...told }], provedAt: '', parts: [] };
        const switched = { uuid: uuidOf('db2'), epoch: 2, routed, unreleased: [], gapMs: 31, parts: [] };
        return Promise.resolve({ result: 'switched' as const, ...switched });
      },
      routeWrites: ({ cluster }) => {
        seen.routed.push(...routersOf(cluster));
        const routed = [{ router: 'edge', proved: false, elapsedMs: 0, because: 'edge: no answer.' }];
        return Promise.resolve({ routers: routed, provedAt: null, parts: [] });
      },
    },
  });
  return { played, seen };
}

const begin = ({ played }: ReturnType<typeof behindTwo>) => stage.begin('plannedSwitchover', played, { to: 'db2' });
const namesEdge = { outcome: 'failed', newPrimary: 'db2', left: [expect.stringMatching(/^router edge is not proven/)] };

test('fence: the others are switched, and the one that gives no answer is tried when they lead to the new primary, and named', async () => {
  const scene = behindTwo('fence');
  const report = (await (await begin(scene)).result()) as RunbookReport;
  expect(report).toMatchObject(namesEdge);
  expect(report.headline).toBe('db2 is the primary in place of db1, but no write came through edge');
  expect(scene.seen).toEqual({ switched: ['core'], routed: ['edge'] });
});

test('ask: nothing is touched before a person has agreed, and everything is looked at anew after it', async () => {
  const scene = behindTwo('ask');
  const handle = await begin(scene);
  const { text, because } = await stage.question(handle);
  expect(text).toBe(`move the primary of ${scene.played.cluster} from db1 to db2?`);
  expect(because).toEqual([expect.stringMatching(/^router edge cannot be reached/)]);
  expect(touched(scene.played.calls)).toEqual([]);
  await stage.approve(handle);
  expect(await handle.result()).toMatchObject(namesEdge);
  expect(scene.played.calls.filter((call) => call === 'previewCluster')).toHaveLength(2);
});

test('ask, and a person says no', async () => {
  const scene = behindTwo('ask');
  const handle = await begin(scene);
  await stage.reject(handle);
  expect(await handle.result()).toMatchObject({
    outcome: 'rejected',
    headline: 'Not approved, nothing was changed: ada rejected it: not now',
  });
  expect(touched(scene.played.calls)).toEqual([]);
});
