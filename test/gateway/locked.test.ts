import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { onPath, runTool } from '../../lab/programs/tool';
import { runGateway } from '../../workers/gateway/gateway';
import { bearer, group, inventoryOf, startGateway, TOKEN } from './one-gateway';

const folder = mkdtempSync(join(tmpdir(), 'gateway-tls-'));
const file = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An authority, and what it signs: `NAME.pem` and `NAME-key.pem`. */
async function authority(name: string, signs: readonly string[], as?: string): Promise<void> {
  const openssl = onPath('openssl') ?? 'openssl';
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = ['-CA', file(`${name}.pem`), '-CAkey', file(`${name}-key.pem`)];
  await runTool(openssl, [
    'req',
    '-x509',
    ...key,
    '-subj',
    `/CN=${name}`,
    '-keyout',
    file(`${name}-key.pem`),
    '-out',
    file(`${name}.pem`),
  ]);
  for (const one of signs) {
    writeFileSync(file(`${one}.names`), `subjectAltName=IP:127.0.0.1,DNS:${as ?? one}.example.com\n`);
    await runTool(openssl, [
      'req',
      '-new',
      ...key,
      '-subj',
      `/CN=${one}`,
      '-keyout',
      file(`${one}-key.pem`),
      '-out',
      file(`${one}.csr`),
    ]);
    const sign = [
      'x509',
      '-req',
      '-in',
      file(`${one}.csr`),
      ...ca,
      '-CAcreateserial',
      '-extfile',
      file(`${one}.names`),
    ];
    await runTool(openssl, [...sign, '-out', file(`${one}.pem`)]);
  }
}
const read = (name: string) => readFileSync(file(name));

test('a client certificate opens the door of its name: not another name, nor another authority, nor none', async () => {
  await authority('ours', ['gateway', 'alerts', 'intruder']);
  await authority('theirs', ['forged'], 'alerts');
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const text = inventoryOf(['orders'])
    .replace('auth: { kind: bearer, token: { env: TOKEN } }', 'auth: { kind: mtls, subjects: [alerts.example.com] }')
    .replace('gateway:', 'gateway:\n  tls: { certificate: a, key: b, clientCa: c }');
  const tls = { cert: read('gateway.pem'), key: read('gateway-key.pem'), ca: read('ours.pem') };
  const gateway = await startGateway(new Client({ connection }), () => text, { tls });
  const send = (client?: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const sending = request(
        `${gateway.url}/alerts/am`,
        {
          method: 'POST',
          ca: read('ours.pem'),
          headers: { 'content-type': 'application/json', ...bearer(TOKEN) },
          ...(client === undefined ? {} : { cert: read(`${client}.pem`), key: read(`${client}-key.pem`) }),
          agent: false,
        },
        (response) => resolve(response.resume().statusCode),
      );
      sending.on('error', reject).end(JSON.stringify({ ...group('orders'), version: '5' }));
    });
  try {
    // Known, and then not understood.
    expect(await send('alerts')).toBe(400);
    expect(await send('intruder')).toBe(401);
    expect(await send('forged')).toBe(401);
    expect(await send()).toBe(401);
  } finally {
    await gateway.stop();
    await connection.close();
  }
});

const run = (text: string) => {
  writeFileSync(file('fleet.yaml'), text);
  const temporal = { address: '127.0.0.1:1', namespace: 'default' };
  return runGateway({ inventoryPath: file('fleet.yaml'), temporal, onReady: () => undefined });
};
const SOUND = inventoryOf(['orders']);

test.each<[string, string, object]>([
  [
    'no gateway in the inventory',
    SOUND.slice(0, SOUND.indexOf('gateway:')),
    { code: 'INVALID_INPUT', message: /has no gateway with .* so there is nothing to serve$/ },
  ],
  ['a secret that cannot be read', SOUND, { code: 'SECRET_UNAVAILABLE', message: /TOKEN is not set$/ }],
  [
    'a token that could be guessed',
    SOUND.replaceAll(/\{ env: (TOKEN|SECRET|ANA|VIC|METRICS) \}/g, '{ file: short }'),
    { code: 'SECRET_UNAVAILABLE', message: /has fewer than 16 characters$/ },
  ],
  [
    'a signing secret of Slack that could be guessed',
    SOUND.replace(
      /gateway:[^]*/,
      'gateway: {}\nslack: { token: { env: T }, channel: C0RUNS, signingSecret: { file: short } }\n',
    ),
    { code: 'SECRET_UNAVAILABLE', message: /has fewer than 16 characters$/ },
  ],
])('it does not start with %s', async (_, text, expected) => {
  writeFileSync(file('short'), 'hunter2\n');
  const error = (await run(text).catch((thrown: unknown) => thrown)) as Error & { code: string };
  const { code, message } = expected as { code: string; message: RegExp };
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('hunter2');
});
