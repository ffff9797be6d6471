import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reservePorts } from '../../lab/ports';
import { compiled } from '../../lab/worker';
import { runbook } from '../cli/compiled';
import { type Certificate, makeAuthority } from '../support/certificates';
import { lockTemporal, type LockedTemporal } from '../support/locked-temporal';
import { withDevServer } from '../support/temporal';
import { startWorkerProcess } from '../support/worker-process';

/** Temporal's own variables are all there is to set: for the command line, the worker and the watcher alike. */
const server = withDevServer();
const API_KEY = 'the-key-of-this-test';
let ours: string;
let client: Certificate;
let stranger: Certificate;
let mutual: LockedTemporal;
let keyed: LockedTemporal;
let gatewayPort = 0;

beforeAll(async () => {
  const { folder, address } = server();
  const authority = await makeAuthority(folder, 'ours');
  ours = authority.ca;
  const door = await authority.sign('temporal', 'DNS:localhost');
  client = await authority.sign('runbooks', 'DNS:runbooks');
  stranger = await (await makeAuthority(folder, 'theirs')).sign('stranger', 'DNS:stranger');
  mutual = await lockTemporal(address, { ...door, clientCa: ours });
  keyed = await lockTemporal(address, { ...door, apiKey: API_KEY });
  [gatewayPort = 0] = await reservePorts(1, folder);
  writeFileSync(
    join(folder, 'fleet.yaml'),
    `clusters:
  orders:
    durability: async
    instances: [{ name: db1, host: 127.0.0.1, port: 1 }]
    accounts: { admin: { user: a, password: { env: ADMIN } }, replication: { user: r, password: { env: REPL } } }
gateway:
  listen: 127.0.0.1:${gatewayPort}
  sources:
    - { name: probe, kind: generic, auth: { kind: bearer, token: { env: PROBE } }, rules: [{ match: { a: b }, cluster: orders }] }
`,
  );
}, 60_000);
afterAll(async () => {
  await mutual.close();
  await keyed.close();
});

const at = (door: LockedTemporal) => ({ TEMPORAL_ADDRESS: door.address, TEMPORAL_TLS_SERVER_CA_CERT_PATH: ours });
const shown = ({ certificate, key }: Certificate) => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: certificate,
  TEMPORAL_TLS_CLIENT_KEY_PATH: key,
});
const list = (env: NodeJS.ProcessEnv) =>
  runbook(dirname(dirname(compiled('cli/main.js'))), ['list', '--json'], { cwd: server().folder, env });

/** What the gateway says of Temporal. */
async function readiness(env: NodeJS.ProcessEnv): Promise<number> {
  const fleet = join(server().folder, 'fleet.yaml');
  const gateway = await startWorkerProcess(fleet, { ...env, PROBE: 'the-token-of-a-probe' }, 'gateway');
  try {
    return (await fetch(`http://127.0.0.1:${gatewayPort}/readyz`)).status;
  } finally {
    await gateway.stop();
  }
}

describe('mutual TLS', () => {
  test('with our certificate runs are listed, a worker works and the gateway is ready', async () => {
    const env = { ...at(mutual), ...shown(client) };
    expect(await list(env)).toMatchObject({ code: 0, stderr: '' });
    const worker = await startWorkerProcess(join(server().folder, 'fleet.yaml'), env);
    await worker.stop();
    expect(mutual.let()).toBeGreaterThan(1);
    expect(await readiness(env)).toBe(200);
    expect(await readiness(at(mutual))).toBe(503);
  });

  test.each<[string, () => NodeJS.ProcessEnv]>([
    ['without a certificate', () => at(mutual)],
    ["with another authority's certificate", () => ({ ...at(mutual), ...shown(stranger) })],
    ['in plain text', () => ({ TEMPORAL_ADDRESS: mutual.address })],
    [
      'with an authority of ours that did not sign theirs',
      () => ({ ...at(mutual), ...shown(client), TEMPORAL_TLS_SERVER_CA_CERT_PATH: stranger.certificate }),
    ],
  ])('%s nobody gets in, and the sentence names the settings', async (_, env) => {
    const before = mutual.let();
    const { code, stderr } = await list(env());
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/TEMPORAL_TLS/) as string });
    expect(mutual.let()).toBe(before);
  });
});

describe('an API key', () => {
  test('opens the door to the command line, a worker and the gateway', async () => {
    const env = { ...at(keyed), TEMPORAL_API_KEY: API_KEY };
    expect(await list(env)).toMatchObject({ code: 0, stderr: '' });
    const worker = await startWorkerProcess(join(server().folder, 'fleet.yaml'), env);
    await worker.stop();
    expect(await readiness(env)).toBe(200);
    expect(await readiness({ ...env, TEMPORAL_API_KEY: 'another-key' })).toBe(503);
  });

  test('a wrong one is said to be wrong, and is not repeated', async () => {
    const { code, stderr } = await list({ ...at(keyed), TEMPORAL_API_KEY: 'another-key' });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/TEMPORAL_API_KEY/) as string });
    expect(stderr).not.toContain('another-key');
  });
});
