import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../lab';
import { signal } from '../../lab/processes';
import { reservePorts } from '../../lab/ports';
import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId, EMERGENCY_TASK_QUEUE, TASK_QUEUE } from '../../workflows/messages';
import { type OneNamed, startOneNamed, WRITES } from '../activities/routing/one-named';
import { inLab } from '../support/lab';
import { type Relay, relayTo } from '../support/relay';
import { eventually, replicaState } from '../support/wait';

/** Clients know one port, so each server also listens at an address of its own, by a relay. */
const HOSTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];

test('behind a DNS name: the primary moves on purpose, then the new one dies; the name follows, and what resolvers remember is told', () =>
  inLab({ temporal: true, router: 'none', durability: 'semi-sync' }, (lab) =>
    behindName(lab, async ({ named, run, relays }) => {
      const moved = await run('plannedSwitchover', TASK_QUEUE, { to: 'db2' });
      expect(moved).toMatchObject({
        outcome: 'done',
        headline: expect.stringMatching(/^db2 is the primary in place of db1/) as string,
        left: [],
      });
      expect(moved.plan?.lines.at(-1)).toMatch(/^nobody waits at router dns-1: .* db1 for up to 5 s after the change/);
      expect(moved.decisions).toContain(
        'resolvers may send clients of router dns-1 to db1 for 5 s more; it stays super_read_only and tells them so',
      );
      expect(await named.told(WRITES)).toEqual(['127.0.0.3 5']);

      signal(lab.server('db2'), 'SIGKILL');
      relays[1]!.close();
      const replaced = await run('emergencyFailover', EMERGENCY_TASK_QUEUE, {});
      expect(replaced).toMatchObject({ outcome: 'done', oldPrimary: 'db2' });
      // DNS is no proof; the command that found the server dead is.
      expect(replaced.fenceProofs).toEqual([expect.stringMatching(/^the fence command of db2 succeeded/)]);
      expect(replaced.decisions).toContainEqual(
        expect.stringMatching(
          /^resolvers may send clients of router dns-1 to db2 for 5 s more; it is fenced: the fence/,
        ),
      );
      const host = HOSTS[lab.servers.findIndex(({ name }) => name === replaced.newPrimary)]!;
      expect(await named.told(WRITES)).toEqual([`${host} 5`]);
    }),
  ));

interface Scene {
  readonly named: OneNamed;
  readonly relays: readonly Relay[];
  readonly run: (type: string, taskQueue: string, input: object) => Promise<RunbookReport>;
}

async function behindName(lab: Lab, story: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'behind-name-'));
  const [port = 0] = await reservePorts(1, folder);
  const named = await startOneNamed({ records: 'orders-rw 5 A 127.0.0.2' });
  const relays = await Promise.all(
    lab.servers.map((server, index) => relayTo(server.port, { host: HOSTS[index]!, port })),
  );
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  try {
    const key = join(folder, 'key');
    writeFileSync(key, named.secret, { mode: 0o600 });
    declare(lab, named, key, port);
    // The lab's certificates name 127.0.0.1 alone.
    for (const { name } of lab.servers.slice(1)) {
      for (const sql of [
        'STOP REPLICA',
        'CHANGE REPLICATION SOURCE TO SOURCE_SSL_VERIFY_SERVER_CERT = 0',
        'START REPLICA',
      ])
        await lab.rows(name, sql);
      await eventually(`${name} replicates`, async () => {
        const state = await replicaState(lab, name);
        return state?.receiver === 'Yes' && state.applier === 'Yes';
      });
    }
    await eventually('both replicas acknowledge', async () => {
      const states = await lab.rows('db1', "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_%'");
      const value = (what: string) =>
        states.find(({ Variable_name: name }) => name === `Rpl_semi_sync_source_${what}`)?.['Value'];
      return value('clients') === '2' && value('status') === 'ON';
    });
    await lab.startWorker();
    const client = new Client({ connection });
    const run: Scene['run'] = async (type, taskQueue, input) =>
      (await client.workflow.execute(type, {
        workflowId: changeId(lab.cluster),
        taskQueue,
        args: [{ cluster: lab.cluster, requestedBy: 'tester', reason: 'test', ...input }],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      })) as RunbookReport;
    await story({ named, relays, run });
  } finally {
    await connection.close();
    for (const one of relays) one.close();
    await named.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lab's inventory, with the name as its router, and a fence command that finds out whether the server's process is gone. */
function declare(lab: Lab, { router }: OneNamed, key: string, port: number): void {
  interface Written {
    clusters: Record<string, { instances: { name: string }[] }>;
  }
  const inventory = parse(readFileSync(lab.inventoryPath, 'utf8')) as Written;
  const cluster = inventory.clusters[lab.cluster]!;
  inventory.clusters[lab.cluster] = {
    ...cluster,
    instances: cluster.instances.map((instance, index) => ({
      ...instance,
      host: HOSTS[index]!,
      port,
      fenceCommand: ['sh', '-c', `! kill -0 ${lab.server(instance.name).pid}`],
    })),
    ...{
      routers: [
        {
          kind: 'dns',
          server: `127.0.0.1:${router.server.port}`,
          zone: router.zone,
          writeName: router.writeName,
          ttlSeconds: 5,
          key: { name: router.key.name, secret: { file: key } },
          writePort: port,
        },
      ],
    },
  };
  writeFileSync(lab.inventoryPath, stringify(inventory));
}
