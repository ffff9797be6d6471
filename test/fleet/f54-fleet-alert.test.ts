import { progressQuery, type RunProgress } from '../../workflows/messages';
import { Stage, touched } from '../workflows/stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const CLUSTERS = 200;
const LIMIT = { failovers: 3, perMinutes: 60 };

test('F54: two hundred clusters alert together; three fail over by themselves, and for each of the others a human is asked before anything is touched', async () => {
  const scenes = Array.from({ length: CLUSTERS }, () =>
    stage.put({
      acts: {
        takePermit: (order) =>
          stage.permits.take({ ...order, perCluster: { failovers: 1, perMinutes: 60 }, perFleet: LIMIT }),
      },
    }),
  );
  const runs = await Promise.all(
    scenes.map(async (scene) => ({ scene, handle: await stage.start(scene, { trigger: 'alert' }) })),
  );
  const settled = await Promise.all(
    runs.map(async ({ scene, handle }) => {
      for (;;) {
        // Two hundred ask at once beside two hundred runs: one that is not answered in time asks again.
        const now: RunProgress | null = await handle.query(progressQuery).catch(() => null);
        if (now && (now.outcome !== null || now.question)) return { scene, handle, now };
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
    }),
  );

  const carriedOut = settled.filter(({ now }) => now.outcome !== null);
  expect(carriedOut.map(({ now }) => now.outcome)).toEqual(['done', 'done', 'done']);
  const asking = settled.filter(({ now }) => now.question);
  for (const { scene, now } of asking) {
    expect(now.question?.because.join()).toMatch(/a human must agree/);
    expect(touched(scene.calls)).toEqual([]);
  }
  await Promise.all(asking.map(({ handle }) => stage.reject(handle)));
  await Promise.all(asking.map(({ handle }) => handle.result()));
}, 180_000);
