import { type RunbookReport } from '../../workflows/decisions/report';
import { alertResolvedSignal, changeId } from '../../workflows/messages';
import { commit, P, sighting } from '../decisions/facts';
import { executed, primary, replica, uuidOf } from '../decisions/members';
import { dead, policy, Stage, touched } from '../workflows/stage';
import { bearer, group, inventoryOf, type OneGateway, startGateway, TOKEN } from './one-gateway';

const stage = new Stage();
const clusters: string[] = ['other'];
let gateway: OneGateway;
beforeAll(async () => {
  await stage.open();
  gateway = await startGateway(stage.client, () => inventoryOf(clusters));
});
afterAll(async () => {
  await gateway.stop();
  await stage.close();
});

const back = sighting([primary('db1', executed(`${P}:1-100`)), replica('db2', 'db1'), replica('db3', 'db1')], {
  probe: commit('committed'),
});
const tell = (cluster: string, status: 'firing' | 'resolved') =>
  gateway.post('/alerts/am', group(cluster, [{ status }]), bearer(TOKEN));

/** A run that an alert started and that waits for an answer; `looks` are what it sees from then on. */
async function asked(looks: readonly (typeof dead)[]) {
  const played = stage.put({ cluster: policy({ mode: 'approve' }), looks: [dead, ...looks] });
  clusters.push(played.cluster);
  expect((await tell(played.cluster, 'firing')).status).toBe(200);
  const handle = stage.client.workflow.getHandle(changeId(played.cluster));
  return { ...played, handle, question: await stage.question(handle) };
}

test('the alert is over and the primary is back: the question closes, nobody has to answer it', async () => {
  const { cluster, calls, handle, question } = await asked([back]);
  expect((await tell(cluster, 'resolved')).body.taken).toMatchObject([{ cluster, outcome: 'told' }]);
  const report = (await handle.result()) as RunbookReport;
  expect(report).toMatchObject({ outcome: 'stood down' });
  // At once, and not at the next of the looks that it takes by itself, ten seconds after it asked.
  expect(Date.parse(report.endedAt) - Date.parse(question.askedAt)).toBeLessThan(9_000);
  expect(report.headline).toMatch(/no longer needed: db1 answers/);
  expect(report.evidence).toContain('am says that it is over: the alert MysqlDown of db1:9104: the primary is down');
  expect(touched(calls)).toEqual([]);
});

test('the alert is over and the primary is dead all the same: the question stays', async () => {
  const { cluster, calls, handle, question } = await asked([dead]);
  const looksBefore = calls.filter((call) => call === 'sightCluster').length;
  await tell(cluster, 'resolved');
  while (calls.filter((call) => call === 'sightCluster').length === looksBefore)
    await new Promise((done) => setTimeout(done, 15));
  await stage.approve(handle);
  expect(await handle.result()).toMatchObject({ outcome: 'done' });
  expect(question.text).toMatch(/^promote db2/);
});

test('past the point of no return a resolved alert is noted and changes nothing', async () => {
  const gate = { opening: () => {}, told: () => {} };
  const opening = new Promise<void>((resolve) => (gate.opening = resolve));
  const told = new Promise<void>((resolve) => (gate.told = resolve));
  const openPrimary = async () => {
    gate.opening();
    await told;
    return { result: 'opened', uuid: uuidOf('db2'), epoch: 2, executed: `${P}:1-100`, parts: [] };
  };
  const played = stage.put({ looks: [dead, back], acts: { openPrimary } as object });
  clusters.push(played.cluster);
  await tell(played.cluster, 'firing');
  await opening;
  expect((await tell(played.cluster, 'resolved')).body.taken).toMatchObject([{ outcome: 'told' }]);
  gate.told();
  const report = (await stage.client.workflow.getHandle(changeId(played.cluster)).result()) as RunbookReport;
  expect(report).toMatchObject({ outcome: 'done', newPrimary: 'db2' });
  expect(report.evidence.join()).toContain('am says that it is over');
});

test.each([[undefined], [null], [7], [{ source: {} }]])(
  'a signal that carries %j does not stop a run',
  async (payload) => {
    const { handle } = await asked([dead]);
    await handle.signal(alertResolvedSignal.name, payload);
    await stage.approve(handle);
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
  },
);
