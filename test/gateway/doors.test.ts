import fc from 'fast-check';
import { Client, Connection } from '@temporalio/client';
import { parseInventory } from '../../activities/inventory/inventory';
import { changeId } from '../../workflows/messages';
import { policy, Stage } from '../workflows/stage';
import {
  ANA,
  bearer,
  group,
  incidentOf,
  inventoryOf,
  METRICS,
  type OneGateway,
  SECRET,
  signed,
  startGateway,
  TOKEN,
  VIC,
} from './one-gateway';

const stage = new Stage();
const clusters = ['orders'];
let gateway: OneGateway;
beforeAll(async () => {
  await stage.open();
  gateway = await startGateway(stage.client, () =>
    inventoryOf(clusters).replace('gateway:', 'gateway:\n  perMinute: 100000'),
  );
});
afterAll(async () => {
  await gateway.stop();
  await stage.close();
});

const runsOfAll = async (): Promise<number> => {
  const query = "WorkflowType = 'emergencyFailover'";
  return (await stage.client.workflow.count(query)).count;
};

describe('what is not understood', () => {
  test.each<[string, string | Uint8Array, Record<string, string>, number, RegExp]>([
    ['nothing', '', {}, 400, /^there is no body/],
    ['no JSON', 'alertname=MysqlDown', {}, 400, /^the body is not JSON/],
    ['half of it', JSON.stringify(group('orders')).slice(0, -9), {}, 400, /^the body is not JSON/],
    ['no UTF-8', Uint8Array.from([0x22, 0xff, 0xfe, 0x22]), {}, 400, /^the body is not JSON/],
    [
      'another version',
      JSON.stringify({ ...group('orders'), version: '5' }),
      {},
      400,
      /what alertmanager sends: version: /,
    ],
    ['no alerts', JSON.stringify(group('orders', [])), {}, 400, /alerts: Too small/],
    [
      'a form',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      /^the body is not declared as JSON/,
    ],
    ['a megabyte and more', JSON.stringify(group('x'.repeat(1024 * 1024))), {}, 413, /^the body is larger than 1 MiB/],
  ])('%s is refused with a sentence', async (_, body, headers, status, words) => {
    const answer = await gateway.post('/alerts/am', body, { ...bearer(TOKEN), ...headers });
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toMatch(words);
    expect(await runsOfAll()).toBe(0);
  });

  test('a body is not read before the sender is known', async () => {
    const answer = await gateway.post('/alerts/am', 'x'.repeat(2 * 1024 * 1024)).catch(() => ({ status: 401 }));
    expect(answer.status).toBe(401);
  });

  test.each(['am', 'gf', 'gen', 'pd'])(
    'a fuzzer of bodies to %s: each gets a 4xx with a sentence, and nothing starts',
    async (source) => {
      const sound: Record<string, unknown> = {
        am: group('orders'),
        gf: group('orders', [{}], '1'),
        gen: { labels: { alertname: 'MysqlDown', cluster: 'orders' } },
        pd: incidentOf('orders'),
      };
      const text = JSON.stringify(sound[source]);
      const paths = pathsOf(sound[source], required[source]!);
      const bodies = fc.oneof(
        fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value)),
        // The required field is gone, or is something else.
        fc
          .tuple(fc.constantFrom(...paths), fc.constantFrom(undefined, null, 7, [], { a: 1 }, '', true, -0.5))
          .map(([path, value]) => JSON.stringify(changed(sound[source], path, value))),
        fc.integer({ min: 1, max: text.length - 1 }).map((length) => text.slice(0, length)),
        fc.string({ maxLength: 300 }),
        fc.integer({ min: 1, max: 50_000 }).map((depth) => '['.repeat(depth)),
        fc.integer({ min: 1, max: 50_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
      );
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const headers = {
            am: () => bearer(TOKEN),
            gf: () => signed.grafana(body),
            gen: () => signed.generic(body),
            pd: () => signed.pagerduty(body),
          }[source]!();
          const answer = await gateway.post(`/alerts/${source}`, body, headers);
          expect(answer.status).toBe(400);
          expect(answer.body.error).toMatchObject({
            code: 'INVALID_INPUT',
            message: expect.stringMatching(/^\P{C}{10,}$/u) as string,
          });
          expect(answer.text).not.toMatch(/ at .*\.(js|ts):/);
        }),
        { numRuns: 120, seed: 25 },
      );
      expect(await runsOfAll()).toBe(0);
    },
  );
});

const required: Record<string, RegExp> = {
  am: /^(version|alerts|alerts\.0|alerts\.0\.(status|labels|fingerprint))$/,
  gf: /^(version|alerts|alerts\.0|alerts\.0\.(status|labels|fingerprint))$/,
  gen: /^labels$/,
  pd: /^event(\.(id|event_type|occurred_at|data))?$/,
};

function pathsOf(value: unknown, wanted: RegExp, path = ''): string[] {
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, one]) => pathsOf(one, wanted, path === '' ? key : `${path}.${key}`))
      : [];
  return wanted.test(path) ? [path, ...inner] : inner;
}

/** Labels may be any object of texts, and data nearly any object: there `{ a: 1 }` stands for a wrong one. */
function changed(value: unknown, path: string, to: unknown): unknown {
  const [key = '', ...rest] = path.split('.');
  if (Array.isArray(value))
    return (value as unknown[]).map((one, index) => (String(index) === key ? next(one, rest, to) : one));
  return { ...(value as object), [key]: next((value as Record<string, unknown>)[key], rest, to) };
}
const next = (value: unknown, rest: string[], to: unknown): unknown =>
  rest.length === 0 ? to : changed(value, rest.join('.'), to);

test('more requests than allowed are told when to come again, and do not use up what another source may send', async () => {
  const small = await startGateway(stage.client, () =>
    inventoryOf(['orders']).replace('gateway:', 'gateway:\n  perMinute: 3'),
  );
  try {
    const send = (source: string, headers = {}) => small.post(`/alerts/${source}`, '{}', headers);
    for (let i = 0; i < 3; i += 1) expect((await send('nobody')).status).toBe(401);
    const limited = await send('nobody');
    expect(limited).toMatchObject({ status: 429, body: { error: { code: 'TOO_MANY_REQUESTS' } } });
    expect(Number(limited.retryAfter)).toBeGreaterThan(0);
    expect((await send('someone-else')).status).toBe(429);
    expect((await send('am', bearer(TOKEN))).status).toBe(400);
    for (let i = 0; i < 3; i += 1) expect((await small.get('/runs/orders', 'a guess')).status).toBe(401);
    expect(await small.get('/runs/orders', 'a guess')).toMatchObject({ status: 429, body: limited.body });
  } finally {
    await small.stop();
  }
});

test('without Temporal nothing is said to be done: 503 with the time to come again, and the process lives', async () => {
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const away = await startGateway(new Client({ connection }), () => inventoryOf(['orders']));
  try {
    const answer = await away.post('/alerts/am', group('orders'), bearer(TOKEN));
    expect(answer).toMatchObject({ status: 503, retryAfter: '5', body: { error: { code: 'HOST_UNREACHABLE' } } });
    expect((await away.get('/readyz')).status).toBe(503);
    expect((await away.get('/healthz')).status).toBe(200);
    expect((await away.post('/runs/orders/approve', { plan: 'abcdef0123' }, bearer(ANA))).status).toBe(503);
  } finally {
    await away.stop();
    await connection.close();
  }
}, 60_000);

test('metrics are for who has their token, and count what became of alerts', async () => {
  expect((await gateway.get('/metrics')).status).toBe(401);
  expect((await gateway.get('/metrics', TOKEN)).status).toBe(401);
  await gateway.post('/alerts/am', group('orders', [{ labels: { alertname: 'Other' } }]), bearer(TOKEN));
  const { text } = await gateway.get('/metrics', METRICS);
  expect(text).toMatch(/runbook_gateway_alerts_total\{source="am",outcome="ignored"\} 1/);
  expect(text).toMatch(/runbook_gateway_requests_total\{route="POST \/alerts\/:source",code="401"\} \d+/);
  expect((await gateway.get('/readyz')).status).toBe(200);
});

describe('votes', () => {
  const asking = async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    clusters.push(played.cluster);
    const handle = await stage.start(played);
    const question = await stage.question(handle);
    return { ...played, handle, question, plan: question.planHash.slice(0, 12) };
  };

  test('a person approves with a token; the name is that of the inventory and not what was written', async () => {
    const { cluster, handle, plan } = await asking();
    expect((await gateway.get(`/runs/${cluster}`, VIC)).body).toMatchObject({
      question: { planHash: expect.stringMatching(`^${plan}`) as string },
    });
    const path = `/runs/${encodeURIComponent(changeId(cluster))}/approve`;
    const forged = await gateway.post(path, { plan, by: 'boss' }, bearer(ANA));
    expect(forged).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('"by"') as string } },
    });
    const answer = await gateway.post(path, { plan, reason: 'seen' }, bearer(ANA));
    expect(answer).toMatchObject({
      status: 200,
      body: { sentence: expect.stringMatching(/^approved by ana@example\.com/) as string },
    });
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
    expect(await gateway.post(path, { plan }, bearer(ANA))).toMatchObject({ status: 404 });
  });

  test('who may only look, a stranger, another plan, a rejection without a reason: nothing is decided', async () => {
    const { cluster, plan } = await asking();
    const vote = (answer: string, body: object, token?: string) =>
      gateway.post(`/runs/${cluster}/${answer}`, body, token === undefined ? {} : bearer(token));
    expect(await vote('approve', { plan }, VIC)).toMatchObject({
      status: 403,
      body: { error: { code: 'NOT_ALLOWED' } },
    });
    expect((await vote('approve', { plan }, TOKEN)).status).toBe(401);
    expect((await vote('approve', { plan })).status).toBe(401);
    expect(await vote('approve', { plan: '0123456789' }, ANA)).toMatchObject({
      status: 409,
      body: { error: { message: expect.stringMatching(/^the answer does not count: The plan has changed/) as string } },
    });
    expect((await vote('approve', {}, ANA)).status).toBe(400);
    expect((await vote('reject', {}, ANA)).status).toBe(400);
    expect((await gateway.post('/runs/nowhere/approve', { plan }, bearer(ANA))).status).toBe(404);
    expect((await gateway.get(`/runs/${cluster}`, ANA)).body).toMatchObject({
      question: { text: expect.any(String) as string },
    });
    expect(await vote('reject', { reason: 'not now' }, ANA)).toMatchObject({ status: 200 });
  });
});

test('no secret stands in what was logged', () => {
  const log = gateway.log.join('\n');
  expect(log).toContain('"msg":"refused"');
  for (const secret of [TOKEN, SECRET, ANA, VIC, METRICS]) expect(log).not.toContain(secret.slice(0, 12));
});

test('the inventory of these tests is one that the program accepts', () => {
  expect(parseInventory(inventoryOf(['orders']), 'fleet.yaml').gateway?.sources).toHaveLength(4);
});
