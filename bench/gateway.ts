import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import { stringify } from 'yaml';
import { startLab } from '../lab';
import { loadInventory } from '../activities/inventory/inventory';
import { forgetSecrets, resolveSecret } from '../activities/inventory/secrets';
import { buildGateway } from '../workers/gateway/app';
import { type AlertsAnswer } from '../workers/gateway/alerts';
import { spread, type Spread } from './statistics';

/** From the first byte of a webhook to the moment when Temporal has it: `start` a run of a cluster, `join` one that goes on. */
export interface GatewayCase extends Spread {
  readonly case: 'start' | 'join';
  readonly runs: number;
}

const TOKEN = 'the-token-of-this-bench-of-the-gateway';

/** One webhook after the other over HTTP, each about a cluster of its own; no worker, so that only the door is measured. */
export async function benchGateway(runs: number): Promise<GatewayCase[]> {
  const lab = await startLab({
    name: `bench-${process.pid}`,
    temporal: true,
    replicas: 0,
    router: 'none',
    lifetime: 'starter',
  });
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  try {
    const path = join(lab.folder, 'gateway.yaml');
    writeFileSync(join(lab.folder, 'token'), TOKEN, { mode: 0o600 });
    writeFileSync(path, inventoryOf(runs));
    const inventory = await loadInventory(path);
    const app = await buildGateway({
      inventory: () => Promise.resolve(inventory),
      secrets: { resolve: (reference) => resolveSecret(reference, lab.folder), forget: forgetSecrets },
      client: new Client({ connection }),
      log: pino({ level: 'silent' }),
      now: Date.now,
    });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    try {
      await send(url, runs, 'started'); // the first request pays for compiling and connecting
      const starts = await eachCluster(runs, (index) => send(url, index, 'started'));
      const joins = await eachCluster(runs, (index) => send(url, index, 'joined'));
      return [
        { case: 'start', runs, ...spread(starts) },
        { case: 'join', runs, ...spread(joins) },
      ];
    } finally {
      await app.close();
    }
  } finally {
    await connection.close();
    await lab.down();
  }
}

async function eachCluster(runs: number, work: (index: number) => Promise<number>): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < runs; index += 1) took.push(await work(index));
  return took;
}

/** Milliseconds until it is answered. */
async function send(url: string, index: number, wanted: string): Promise<number> {
  const labels = { alertname: 'MysqlDown', cluster: `c${index}` };
  const alerts = [{ status: 'firing', labels, annotations: {}, startsAt: '', fingerprint: `f${index}` }];
  const begun = performance.now();
  const answer = await fetch(`${url}/alerts/am`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ version: '4', alerts }),
  });
  const told = (await answer.json()) as AlertsAnswer;
  const took = performance.now() - begun;
  if (told.taken[0]?.outcome !== wanted) throw new Error(`not ${wanted}: ${JSON.stringify(told)}`);
  return took;
}

function inventoryOf(runs: number): string {
  const account = { user: 'runbooks', password: { env: 'NOT_USED' } };
  const clusters = Array.from({ length: runs + 1 }, (_, index) => [
    `c${index}`,
    {
      durability: 'async',
      instances: [{ name: 'db1', host: `10.0.${index >> 8}.${index & 255}`, port: 3306 }],
      accounts: { admin: account, replication: account },
    },
  ]);
  const source = {
    name: 'am',
    kind: 'alertmanager',
    auth: { kind: 'bearer', token: { file: 'token' } },
    rules: [{ match: { alertname: 'MysqlDown' }, cluster: '{{cluster}}' }],
  };
  const gateway = { perMinute: 100_000, sources: [source] };
  // Aliases of shared accounts would be too many for the parser.
  return stringify({ clusters: Object.fromEntries(clusters) as object, gateway }, { aliasDuplicateObjects: false });
}
