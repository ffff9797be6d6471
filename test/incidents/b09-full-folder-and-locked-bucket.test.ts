import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { startLoad } from '../../lab/load';
import { countText, print, subtractText } from '../../workflows/decisions/gtid-set';
import { type Archiving, archiving } from '../support/archiving';
import { inLab } from '../support/lab';
import { startMoto } from '../support/moto';
import { ballast, smallDisk } from '../support/small-disk';
import { eventually } from '../support/wait';

const secretsOfMoto = { S3_ID: 'testing', S3_KEY: 'testing' };

test('an archive into a bucket: its folder gets full, its bucket does not let us in; people are told, nothing is lost or there twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mrb-'));
  const [moto, disk] = await Promise.all([startMoto(folder), smallDisk(folder, 8)]);
  Object.assign(process.env, secretsOfMoto);
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
  const s3 = new S3Client({ endpoint: moto.endpoint, forcePathStyle: true, region: 'us-east-1', credentials });
  await s3.send(new CreateBucketCommand({ Bucket: 'binlogs' }));
  try {
    await inLab({ replicas: 0, router: 'none', durability: 'async' }, async (lab) => {
      const keys = { accessKeyId: { env: 'S3_ID' }, secretAccessKey: { env: 'S3_KEY' } };
      const archive = await archiving(
        lab,
        { folder: join(disk.path, 'tier') },
        {
          ...{ kind: 's3', bucket: 'binlogs', prefix: '', endpoint: moto.endpoint },
          credentials: keys,
          partMegabytes: 5,
        },
      );
      const load = startLoad(lab, { perSecond: 100 });
      try {
        let running = archive.run();
        await eventually('a file is in the bucket', async () => print(await archive.stored()) !== '', 60_000);

        const full = ballast(join(disk.path, 'ballast'));
        const { troubles } = await running.turn.finally(full.stop);
        expect(troubles).toEqual([
          expect.objectContaining({ kind: 'folder', sentence: expect.stringContaining('ENOSPC') as string }),
        ]);
        running = archive.run({ told: troubles });
        expect((await running.turn).troubles).toEqual([]);

        process.env['S3_KEY'] = '';
        process.env['S3_ID'] = '';
        running = archive.run();
        const away = await running.turn;
        expect(away.troubles.map(({ kind }) => kind)).toEqual(['store']);
        Object.assign(process.env, secretsOfMoto);
        running = archive.run({ told: away.troubles });
        expect((await running.turn).troubles).toEqual([]);

        running = archive.run();
        await load.stop();
        await whole(archive, String(await lab.value('db1', 'SELECT @@global.gtid_executed')));
        await running.stop();
      } finally {
        await load.stop();
        await archive.close();
      }
    });
  } finally {
    disk.stop();
    moto.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 400_000);

async function whole(archive: Archiving, executed: string): Promise<void> {
  await eventually(
    'the bucket has all',
    async () => subtractText(executed, print(await archive.stored())) === '',
    60_000,
  );
  const { files } = await (await archive.shelf()).coverage();
  const held = files.reduce((sum, { transactions }) => sum + transactions, 0);
  expect(held).toBe(countText(print(await archive.stored())));
}
