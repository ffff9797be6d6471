import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { readCatalogue } from '../../activities/backups/catalogue';
import { openStore } from '../../activities/backups/store/open';
import { startLoad } from '../../lab/load';
import { type StorePlace } from '../../workflows/decisions/backups/policy';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { count } from '../../workflows/decisions/gtid-set';
import { type RunbookReport } from '../../workflows/decisions/report';
import { TASK_QUEUE } from '../../workflows/messages';
import { inLab } from '../support/lab';
import { startMoto } from '../support/moto';
import { HttpReceiver } from '../support/receivers/http';
import { type Relay, relayTo } from '../support/relay';
import { ballast, smallDisk } from '../support/small-disk';
import { eventually, replicaState } from '../support/wait';
import { editInventory } from './drilling';
import { openPast } from './past';

const SECRETS = { S3_ID: 'testing', S3_KEY: 'testing' };

interface Told {
  readonly event: string;
  readonly runbook: string;
  readonly title: string;
  readonly lines: readonly string[];
}

test('the store goes away while binary logs are archived and a backup is taken: people are told, and told when it is over; nothing is lost, nothing half is left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mrb-'));
  const [moto, disk] = await Promise.all([startMoto(folder), smallDisk(folder, 24)]);
  const pager = new HttpReceiver();
  await pager.start();
  const told = () => pager.received.map(({ body }) => JSON.parse(body) as Told);
  const hears = (what: RegExp, withinMs = 120_000) =>
    eventually(
      `the channel hears ${String(what)}`,
      () => {
        const one = told().find(({ title, lines }) => what.test([title, ...lines].join('\n')));
        if (!one)
          throw new Error(
            `it heard: ${told()
              .map(({ title }) => title)
              .join(' | ')}`,
          );
        return one;
      },
      withinMs,
    );
  Object.assign(process.env, SECRETS, { PAGER: `${pager.url}/page` });
  const motoPort = Number(new URL(moto.endpoint).port);
  let wire: Relay = await relayTo(motoPort);
  const { port } = wire;
  const keys = { accessKeyId: { env: 'S3_ID' }, secretAccessKey: { env: 'S3_KEY' } };
  const place = { kind: 's3', bucket: 'backups', endpoint: `http://127.0.0.1:${port}`, credentials: keys };
  const s3 = new S3Client({
    ...{ endpoint: moto.endpoint, forcePathStyle: true, region: 'us-east-1' },
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  });
  await s3.send(new CreateBucketCommand({ Bucket: place.bucket }));
  try {
    await inLab({ replicas: 1, router: 'none', durability: 'async', temporal: true }, async (lab) => {
      editInventory(lab, (inventory) => {
        Object.assign(inventory, { notifications: [{ kind: 'webhook', url: { env: 'PAGER' } }] });
        const backups = inventory.clusters[lab.cluster]!['backups'] as Record<string, object>;
        backups['store'] = place;
        Object.assign(backups['archive']!, { folder: join(disk.path, 'tier'), megabytes: 1, seconds: 1 });
      });
      await lab.startWorker();
      const past = await openPast(lab);
      const load = startLoad(lab, { perSecond: 50 });
      try {
        await eventually('a file is stored', async () => (await past.shelf.coverage()).files.length > 0, 60_000);

        wire.close();
        const backingUp = past.client.workflow.start('backUp', {
          ...{ workflowId: 'test/backup', taskQueue: TASK_QUEUE, args: [{ cluster: lab.cluster }] },
        });
        const alarm = await hears(
          /Alarm: the store .*the bucket backups does not answer \(ECONNREFUSED\); \d+ files wait on this machine/,
        );
        expect([alarm.event, alarm.runbook]).toEqual(['ended', 'archiveBinlogs']);
        await hears(
          /waits for the store: the bucket backups does not answer \(ECONNREFUSED\).*It is tried again every minute/,
          300_000,
        );
        await eventually(
          'the replica applies meanwhile',
          async () => (await replicaState(lab, 'db2'))?.applier === 'Yes',
        );

        wire = await relayTo(motoPort, { port });
        await hears(/Over: the store /);
        const taken = (await (await backingUp).result()) as RunbookReport;
        expect([taken.outcome, taken.headline]).toEqual(['done', taken.headline]);
        await hears(/the store answers again/);
        const store = await openStore({ ...place, prefix: '', partMegabytes: 5 } as StorePlace, () =>
          Promise.resolve('testing'),
        );
        const { backups, unfinished } = await readCatalogue(store, lab.cluster);
        expect([backups.length, unfinished]).toEqual([1, []]);

        const full = ballast(join(disk.path, 'ballast'));
        await hears(/Alarm: .* is full \(ENOSPC\), so nothing is archived now/).finally(full.stop);
        await hears(/Over: .* is full/);

        await load.nextAcknowledgement();
        await load.stop();
        await past.archived();
        const { files } = await past.shelf.coverage();
        const held = files.reduce((sum, { transactions }) => sum + transactions, 0);
        expect(held).toBe(count(gtidsOf(files)));
        expect(told().filter(({ event, runbook }) => event === 'ended' && runbook === 'archiveBinlogs')).toHaveLength(
          4,
        );
      } finally {
        await load.stop();
        await past.close();
      }
    });
  } finally {
    wire.close();
    await pager.stop();
    disk.stop();
    moto.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 580_000);
