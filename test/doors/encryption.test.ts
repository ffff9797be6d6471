import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type ChildProcess, spawn } from 'node:child_process';
import { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { loadInventory } from '../../activities/inventory/inventory';
import { findTemporal } from '../../lab/programs/temporal';
import { runTool } from '../../lab/programs/tool';
import { compiled } from '../../lab/worker';
import { reservePorts } from '../../lab/ports';
import type * as Bundle from '../../workers/bundle';
import { auditSinks } from '../../workers/audit';
import { dataConverterOf } from '../../workers/encryption/data-converter';
import { changeId, rehearsalId } from '../../workflows/messages';
import { runbook } from '../cli/compiled';
import { eventually } from '../support/wait';
import { withDevServer } from '../support/temporal';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process';

const server = withDevServer();
const REASON = 'only-people-may-read-this';
const TOKEN = 'the-token-of-this-test';
const ALERT = 'only-people-may-read-this-alert';
const ORIGIN = 'http://ui.example.com:8233';
const KEYS = { old: randomBytes(32).toString('base64'), new: randomBytes(32).toString('hex') };
const env = () => ({
  TEMPORAL_ADDRESS: server().address,
  OLD: KEYS.old,
  NEW: KEYS.new,
  CODEC_TOKEN: TOKEN,
  RUNBOOK_AS: 'ana@example.com',
});
const file = (name: string) => join(server().folder, name);
let port = 0;
let gatewayPort = 0;
let worker: WorkerProcess;
let codecServer: ChildProcess;
let issuer: Server;
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });

const inventory = (keys: string) => `clusters:
  orders:
    durability: async
    instances: [{ name: server-one, host: 127.0.0.1, port: 1 }]
    accounts: { admin: { user: a, password: { env: OLD } }, replication: { user: r, password: { env: OLD } } }
people: [{ name: ana@example.com, roles: [approver] }]
audit: { file: audit.jsonl }
gateway:
  listen: 127.0.0.1:${gatewayPort}
  callers: [{ person: ana@example.com, token: { env: CODEC_TOKEN } }]
  sources:
    - { name: probe, kind: generic, auth: { kind: bearer, token: { env: CODEC_TOKEN } }, rules: [{ match: { check: primary }, cluster: orders }] }
encryption:
  keys: [${keys}]
  codecServer:
    listen: 127.0.0.1:${port}
    origins: [${ORIGIN}]
    token: { env: CODEC_TOKEN }
    jwt: { keys: "http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks", issuer: us, audience: temporal }
`;
const OLD = '{ id: "2025", key: { env: OLD } }';
const NEW = '{ id: "2026", key: { env: NEW } }';

beforeAll(async () => {
  issuer = createServer((_, answer) =>
    answer.end(JSON.stringify({ keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1' }] })),
  ).listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  [port = 0, gatewayPort = 0] = await reservePorts(2, server().folder);
  writeFileSync(file('fleet.yaml'), inventory(OLD));
  Object.assign(process.env, env());
  worker = await startWorkerProcess(file('fleet.yaml'), env());
  codecServer = spawn(process.execPath, [compiled('cli/main.js'), 'codec-server', '--inventory', file('fleet.yaml')], {
    env: { ...process.env, ...env() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(codecServer.stdout!, 'data');
}, 60_000);
afterAll(async () => {
  await worker.stop();
  codecServer.kill('SIGKILL');
  issuer.close();
});

const cli = (line: string, fleet = 'fleet.yaml') =>
  runbook(dirname(dirname(compiled('cli/main.js'))), [...line.split(' '), '--inventory', file(fleet)], {
    cwd: server().folder,
    env: env(),
  });
/** What Temporal itself holds of the last run, as its bytes are. */
async function stored(id: string): Promise<string> {
  const history = await new Client({ connection: server().env.connection }).workflow.getHandle(id).fetchHistory();
  return Buffer.from(temporal.api.history.v1.History.encode(history).finish()).toString('latin1');
}
/** The words of the run itself, below those of the client. */
const failureOf = (result: Promise<unknown>): Promise<Error> =>
  result.then(
    () => new Error('it did not fail'),
    (error: unknown) => (error as Error).cause as Error,
  );
const PLAN = `plan emergencyFailover --cluster orders --json --input {"reason":"${REASON}"}`;
const rehearsal = rehearsalId('orders');

test('a run is readable for us, and Temporal holds no plain text of it: input, results, report, and failures', async () => {
  const planned = await cli(PLAN);
  expect(planned.stdout).toContain(REASON);
  const held = await stored(rehearsal);
  expect(held).toContain('binary/encrypted');
  expect(held).toContain('2025');
  for (const text of [REASON, '127.0.0.1', 'server-one']) expect(held).not.toContain(text);

  const wrong = await server().env.client.workflow.start('emergencyFailover', {
    workflowId: 'wrong-input',
    taskQueue: 'mysql-runbooks-emergency',
    args: [{ cluser: 'orders' }], // from a form without our codec: plain text is understood, too
  });
  await expect(wrong.result()).rejects.toThrow();
  const dataConverter = (await dataConverterOf(() => loadInventory(file('fleet.yaml'))))!;
  const ours = new Client({ connection: server().env.connection, dataConverter });
  const failure = await failureOf(ours.workflow.getHandle('wrong-input').result());
  expect(failure.message).toMatch(/cluster/);
  const failed = await stored('wrong-input');
  expect(failed).toContain('Encoded failure');
  expect(failed).not.toContain(failure.message.slice(0, 30));
});

test('a run that was stored encrypted replays', async () => {
  const dataConverter = (await dataConverterOf(() => loadInventory(file('fleet.yaml'))))!;
  const built = (await import(compiled('workers/bundle.js'))) as typeof Bundle;
  const bundle = await built.readBundle(true);
  const history = await server().env.client.workflow.getHandle(rehearsal).fetchHistory();
  await Worker.runReplayHistory(
    { workflowBundle: bundle!, dataConverter, sinks: auditSinks(undefined) },
    history,
    rehearsal,
  );
});

test('the Temporal CLI reads it through the codec server, with the token only', async () => {
  const show = async (auth: string) =>
    runTool(await findTemporal(), [
      ...['workflow', 'show', '--address', server().address, '--workflow-id', rehearsal, '--output', 'json'],
      ...['--command-timeout', '3s'],
      ...['--codec-endpoint', `http://127.0.0.1:${port}`, '--codec-auth', auth],
    ]);
  const shown = (await show(`Bearer ${TOKEN}`)).replaceAll(/"data": "([^"]+)"/g, (_, data: string) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );
  expect(shown).toContain(REASON);
  await expect(show('Bearer wrong')).rejects.toThrow();
});

test('what comes in through the gateway is stored encrypted as well, and stands in the audit log', async () => {
  const gateway = await startWorkerProcess(file('fleet.yaml'), env(), 'gateway');
  try {
    const ask = (path: string, body?: object) =>
      fetch(`http://127.0.0.1:${gatewayPort}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${TOKEN}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
    const alert = { labels: { check: 'primary' }, summary: ALERT };
    const answer = await ask('/alerts/probe', alert);
    expect(await answer.json()).toMatchObject({ taken: [{ cluster: 'orders', outcome: 'started' }] });
    // The memo by which the gateway knows the same alert again is read back through the codec.
    expect(await (await ask('/alerts/probe', alert)).json()).toMatchObject({ taken: [{ outcome: 'joined' }] });
    await eventually('the run shows itself', async () => (await ask('/runs/orders')).status === 200);
    expect(await (await ask('/runs/orders')).json()).toMatchObject({ cluster: 'orders' });
  } finally {
    await gateway.stop();
  }
  const held = await stored(changeId('orders'));
  expect(held).toContain('binary/encrypted');
  expect(held).not.toContain(ALERT);
  const audit = () => readFileSync(file('audit.jsonl'), 'utf8');
  await eventually('the run has begun', () => audit().includes('"what":"begun"'));
  expect(audit()).toMatch(
    /"what":"alert","door":"http","by":"probe","workflow":"cluster\/orders\/change".*"outcome":"started"/,
  );
});

describe('the codec server, asked as the Web UI asks', () => {
  const ask = (path: string, headers: Record<string, string>, body: unknown = { payloads: [] }, method = 'POST') =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
      ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const jwt = (claims: object, alg = 'RS256') => {
    const signed = `${part({ alg, kid: 'k1' })}.${part({ iss: 'us', aud: 'temporal', exp: Date.now() / 1000 + 600, ...claims })}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), pair.privateKey).toString('base64url')}`;
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const plain = {
    metadata: { encoding: Buffer.from('json/plain').toString('base64') },
    data: Buffer.from('"hello"').toString('base64'),
  };

  test('a page of the Web UI gets its preflight answered, another page is refused', async () => {
    const allowed = await ask('/decode', { origin: ORIGIN, 'access-control-request-method': 'POST' }, {}, 'OPTIONS');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(allowed.headers.get('access-control-allow-headers')).toMatch(/Authorization.*X-Namespace/);
    expect((await ask('/decode', { origin: 'http://evil.example' }, {}, 'OPTIONS')).status).toBe(403);
    expect((await ask('/decode', { origin: 'http://evil.example', ...bearer(TOKEN) })).status).toBe(403);
  });

  test('what it encodes it decodes, with the login that the Web UI passes on', async () => {
    const headers = { origin: ORIGIN, ...bearer(jwt({})) };
    const encoded = (await (await ask('/default/encode', headers, { payloads: [plain] })).json()) as object;
    expect(JSON.stringify(encoded)).toContain(Buffer.from('binary/encrypted').toString('base64'));
    expect(await (await ask('/decode', headers, encoded)).json()).toEqual({ payloads: [plain] });
  });

  test.each([
    ['nobody', ''],
    ['a wrong token', 'wrong'],
    ['a login that is over', () => jwt({ exp: 1 })],
    ['a login for somebody else', () => jwt({ aud: 'another' })],
    ['a login of another issuer', () => jwt({ iss: 'them' })],
    ['a login without a signature', () => `${jwt({}).split('.').slice(0, 2).join('.')}.`],
    ['a login that names another algorithm', () => jwt({}, 'none')],
    [
      'a login that was changed',
      () => jwt({}).replace(/\.[^.]+\./, `.${part({ iss: 'us', aud: 'temporal', exp: 9e9 })}.`),
    ],
  ])('%s is not let in', async (_, token) => {
    const { status } = await ask('/decode', bearer(typeof token === 'string' ? token : token()));
    expect(status).toBe(401);
  });

  test.each([
    ['no JSON', 'x', 400],
    ['no payloads', { payload: [] }, 400],
    ['data that is no base64', { payloads: [{ metadata: { encoding: '%' } }] }, 400],
    [
      'a cut ciphertext',
      {
        payloads: [
          { metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==', 'encryption-key-id': 'MjAyNQ==' }, data: 'AAAA' },
        ],
      },
      400,
    ],
    [
      'an unknown key',
      {
        payloads: [
          { metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==', 'encryption-key-id': 'MTk5OQ==' }, data: 'AAAA' },
        ],
      },
      400,
    ],
  ])('%s is answered in a sentence', async (_, body, status) => {
    const answer = await ask('/decode', bearer(TOKEN), body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ message: expect.stringMatching(/^\w.{20,}/) as string });
  });
});

test('a key is rotated without a restart: the newest encrypts, what the old one encrypted stays readable', async () => {
  writeFileSync(file('fleet.yaml'), inventory(`${NEW}, ${OLD}`));
  expect((await cli(PLAN)).stdout).toContain(REASON); // the worker learns of the new key from its first payload
  await eventually('the worker writes with the new key', async () => (await stored(rehearsal)).includes('2026'));
  expect((await cli('report wrong-input')).stderr).not.toContain('encrypted with');
});

test('without the key, or with another one of the same name, it says so in a sentence', async () => {
  writeFileSync(file('forgot.yaml'), inventory(OLD));
  const unknown = await cli(`report ${rehearsal}`, 'forgot.yaml');
  expect(unknown.stderr).toMatch(
    /encrypted with the key "2026", which encryption.keys of this inventory does not list/,
  );
  writeFileSync(file('swapped.yaml'), inventory('{ id: "2026", key: { env: OLD } }'));
  const swapped = await cli(`report ${rehearsal}`, 'swapped.yaml');
  expect(swapped.stderr).toMatch(/the key "2026" of this inventory is not the one/);
  expect(swapped.stderr.trim().split('\n')).toHaveLength(1);
});
