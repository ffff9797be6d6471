import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId } from '../../workflows/messages';
import { policy, Stage, touched } from '../workflows/stage';
import {
  bearer,
  group,
  incidentOf,
  inventoryOf,
  nowSeconds,
  type OneGateway,
  signed,
  startGateway,
  TOKEN,
} from './one-gateway';

const stage = new Stage();
const clusters: string[] = [];
let gateway: OneGateway;
beforeAll(async () => {
  await stage.open();
  gateway = await startGateway(stage.client, () => inventoryOf(['other', ...clusters]));
});
afterAll(async () => {
  await gateway.stop();
  await stage.close();
});

const put: Stage['put'] = (scene) => {
  const played = stage.put(scene);
  clusters.push(played.cluster);
  return played;
};
const handle = (cluster: string) => stage.client.workflow.getHandle(changeId(cluster));
const reportOf = async (cluster: string) => (await handle(cluster).result()) as RunbookReport;
const runsOf = async (cluster: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const run of stage.client.workflow.list({ query: `WorkflowId = '${changeId(cluster)}'` }))
    found.push(run.runId);
  return found;
};
const fire = (cluster: string, ...more: Parameters<typeof group> extends [string, ...infer Rest] ? Rest : never) =>
  gateway.post('/alerts/am', group(cluster, ...more), bearer(TOKEN));

test('an alert of Alertmanager starts the failover under the lock of the cluster, as an alert, with its words', async () => {
  const { cluster } = put();
  const answer = await fire(cluster);
  expect(answer).toMatchObject({ status: 200, body: { taken: [{ cluster, outcome: 'started' }], ignored: [] } });
  expect(await reportOf(cluster)).toMatchObject({
    run: answer.body.taken[0]!.runId,
    trigger: 'alert',
    startedBy: 'alert of am',
    reason: 'the alert MysqlDown of db1:9104: the primary is down',
  });
});

test.each<[string, (cluster: string) => [string, string, Record<string, string>]]>([
  ['Grafana', (cluster) => withHeaders('/alerts/gf', JSON.stringify(group(cluster, [{}], '1')), signed.grafana)],
  ['PagerDuty', (cluster) => withHeaders('/alerts/pd', JSON.stringify(incidentOf(cluster)), signed.pagerduty)],
  [
    'a program of your own',
    (cluster) =>
      withHeaders('/alerts/gen', JSON.stringify({ labels: { alertname: 'MysqlDown', cluster } }), signed.generic),
  ],
])('%s starts it, too; the same message again gets the same answer and starts nothing', async (_, message) => {
  const { cluster } = put();
  const [path, body, headers] = message(cluster);
  const first = await gateway.post(path, body, headers);
  expect(first).toMatchObject({ status: 200, body: { taken: [{ cluster, outcome: 'started' }] } });
  await reportOf(cluster);
  const again = await gateway.post(path, body, headers);
  expect(again).toMatchObject({ status: 200, text: first.text });
  expect(await runsOf(cluster)).toHaveLength(1);
});
const withHeaders = (
  path: string,
  body: string,
  sign: (body: string) => Record<string, string>,
): [string, string, Record<string, string>] => [path, body, sign(body)];

test('fifty webhooks of one alert at once start one run, and all are told which', async () => {
  const { cluster, calls } = put();
  const answers = await Promise.all(Array.from({ length: 50 }, () => fire(cluster)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
  const taken = answers.map(({ body }) => body.taken[0]!);
  expect(new Set(taken.map(({ runId }) => runId)).size).toBe(1);
  expect(taken.filter(({ outcome }) => outcome === 'started')).toHaveLength(1);
  await reportOf(cluster);
  expect(await runsOf(cluster)).toHaveLength(1);
  expect(calls.filter((call) => call === 'fenceOldPrimary')).toHaveLength(1);
});

test('fifty alerts of one cluster at once join the run that goes on, through whichever gateway they come', async () => {
  const { cluster } = put({ cluster: policy({ mode: 'approve' }) });
  const other = await startGateway(stage.client, () => inventoryOf(['other', ...clusters]));
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      (index % 2 === 0 ? gateway : other).post(
        '/alerts/am',
        group(cluster, [{ fingerprint: `f${index % 10}` }]),
        bearer(TOKEN),
      ),
    ),
  );
  await other.stop();
  expect(new Set(answers.map(({ body }) => body.taken[0]!.runId)).size).toBe(1);
  await stage.approve(handle(cluster));
  expect(await reportOf(cluster)).toMatchObject({ outcome: 'done' });
  expect(await runsOf(cluster)).toHaveLength(1);
});

test('told again within a minute, an alert is that of the run that has ended; another alert is looked at', async () => {
  const { cluster } = put();
  const { body: first } = await fire(cluster);
  await reportOf(cluster);
  expect((await fire(cluster)).body.taken).toEqual([{ ...first.taken[0], outcome: 'joined' }]);
  expect((await fire(cluster, [{ fingerprint: 'b' }])).body.taken).toMatchObject([{ outcome: 'started' }]);
  await reportOf(cluster);
  expect(await runsOf(cluster)).toHaveLength(2);
});

test('alerts of several clusters start one run each; those that no rule is for start none', async () => {
  const [one, two] = [put().cluster, put().cluster];
  const labels = (cluster: string) => ({ labels: { cluster } });
  const answer = await gateway.post(
    '/alerts/am',
    group('', [labels(one), labels(two), labels(one), { labels: { alertname: 'DiskSlow' } }, labels('gone')]),
    bearer(TOKEN),
  );
  expect(answer).toMatchObject({ status: 200, body: { taken: [{ cluster: one }, { cluster: two }] } });
  expect(answer.body.ignored).toEqual([
    'no rule is for the alert DiskSlow',
    'the alert MysqlDown is about a cluster that the inventory does not have',
  ]);
  await Promise.all([reportOf(one), reportOf(two)]);
});

test('an alert about no cluster that is known is refused, so that somebody sees the rule to correct', async () => {
  const answer = await fire('orderz');
  expect(answer).toMatchObject({
    status: 422,
    body: {
      error: { code: 'UNKNOWN_CLUSTER', hint: 'Correct the rules of am in the inventory, or the labels of the alert.' },
    },
  });
});

test('while another runbook changes the cluster the sender is told to come again, and nothing is started', async () => {
  const { cluster } = put();
  const other = await stage.client.workflow.start('plannedSwitchover', {
    workflowId: changeId(cluster),
    taskQueue: 'nobody-works-here',
    args: [{ cluster }],
  });
  expect(await fire(cluster)).toMatchObject({
    status: 503,
    retryAfter: '10',
    body: {
      error: {
        code: 'CHANGE_IN_PROGRESS',
        message: expect.stringMatching(/^plannedSwitchover has been changing/) as string,
      },
    },
  });
  await other.terminate();
  expect(await fire(cluster)).toMatchObject({ status: 200, body: { taken: [{ outcome: 'started' }] } });
  await reportOf(cluster);
});

test('an acknowledged incident and a test of PagerDuty start nothing', async () => {
  const { cluster } = put();
  for (const type of ['incident.acknowledged', 'pagey.ping']) {
    const body = JSON.stringify(incidentOf(cluster, type, type));
    expect(await gateway.post('/alerts/pd', body, signed.pagerduty(body))).toMatchObject({
      status: 200,
      body: { taken: [] },
    });
  }
  expect(await runsOf(cluster)).toEqual([]);
});

test('a resolved alert of a cluster where nothing runs closes nothing', async () => {
  const { cluster, calls } = put();
  expect((await fire(cluster, [{ status: 'resolved' }])).body.taken).toEqual([
    { cluster, outcome: 'nothing to close', workflowId: changeId(cluster), runId: null },
  ]);
  expect(touched(calls)).toEqual([]);
});

test('an old time, a time that is none, a wrong secret, another body: refused, and nothing is started', async () => {
  const { cluster } = put();
  const body = JSON.stringify({ labels: { alertname: 'MysqlDown', cluster } });
  const refusals = [
    signed.generic(body, nowSeconds() - 400),
    signed.generic(body, nowSeconds() + 400),
    signed.generic(body, nowSeconds(), 'another secret'),
    signed.generic(`${body} `),
    { ...signed.generic(body), 'x-runbooks-timestamp': String(nowSeconds() - 1) },
    { ...signed.generic(body), 'x-runbooks-timestamp': 'now' },
    { 'x-runbooks-timestamp': String(nowSeconds()) },
    {},
  ];
  for (const headers of refusals)
    expect(await gateway.post('/alerts/gen', body, headers)).toMatchObject({
      status: 401,
      body: { error: { code: 'NOT_AUTHENTICATED' } },
    });
  const old = JSON.stringify(
    incidentOf(cluster, 'incident.triggered', 'E9', new Date(Date.now() - 61 * 60_000).toISOString()),
  );
  expect(await gateway.post('/alerts/pd', old, signed.pagerduty(old))).toMatchObject({ status: 401 });
  expect(await runsOf(cluster)).toEqual([]);
});

test.each<[string, string, Record<string, string>]>([
  ['no token', 'am', {}],
  ['another token', 'am', bearer(`${TOKEN}x`)],
  ['the beginning of the token', 'am', bearer(TOKEN.slice(0, -1))],
  ['the token as a password', 'am', { authorization: `Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}` }],
  ['the token of another door', 'gf', bearer(TOKEN)],
  ['a source that is not there', 'nobody', bearer(TOKEN)],
])('%s: the sender is not known', async (_, source, headers) => {
  const { cluster } = put();
  const answer = await gateway.post(`/alerts/${source}`, group(cluster), headers);
  expect(answer.status).toBe(401);
  expect(await runsOf(cluster)).toEqual([]);
});
