import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { openStore } from '../../../activities/backups/store/open';
import { type Store } from '../../../activities/backups/store/store';
import { type S3Place } from '../../../workflows/decisions/backups/policy';
import { type Moto, startMoto } from '../../support/moto';
import { smallDisk } from '../../support/small-disk';
import { failure } from '../mysql/one-server';

const folder = mkdtempSync(join(tmpdir(), 'store-'));
let moto: Moto;
const keys = { accessKeyId: { env: 'ID' }, secretAccessKey: { env: 'KEY' } };
const secret = () => Promise.resolve('testing');
const bucket = (name = 'backups'): S3Place => ({
  ...{ kind: 's3', bucket: name, prefix: 'fleet/', endpoint: moto.endpoint, credentials: keys, partMegabytes: 5 },
});
beforeAll(async () => {
  moto = await startMoto(folder);
  mkdirSync(join(folder, 'store'));
  const client = new S3Client(clientSettings());
  await client.send(new CreateBucketCommand({ Bucket: 'backups' }));
}, 300_000);
afterAll(() => {
  moto.stop();
  rmSync(folder, { recursive: true });
});
const clientSettings = () => ({
  ...{ endpoint: moto.endpoint, forcePathStyle: true, region: 'us-east-1' },
  credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
});

const PLACES = {
  folder: () => openStore({ kind: 'folder', path: join(folder, 'store') }, secret),
  s3: () => openStore(bucket(), secret),
};
const pieces = (bytes: Buffer) => Readable.from(bytes.length === 0 ? [] : chunks(bytes));
function* chunks(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
const brokenAfter = (bytes: Buffer) =>
  Readable.from(
    (function* () {
      yield* chunks(bytes);
      throw new Error('the dump broke off');
    })(),
  );

describe.each(Object.keys(PLACES) as (keyof typeof PLACES)[])('a store of kind %s', (kind) => {
  let store: Store;
  beforeAll(async () => (store = await PLACES[kind]()));

  test.each([0, 5, 12_000_000])('gives back %i bytes as they were put, with their number and hash', async (size) => {
    const bytes = randomBytes(size);
    const stored = await store.put(`a/${size}.bin`, pieces(bytes));
    expect(stored).toEqual({ bytes: size, sha256: createHash('sha256').update(bytes).digest('hex') });
    expect((await buffer(await store.get(`a/${size}.bin`))).equals(bytes)).toBe(true);
  });

  test('lists by prefix, replaces, removes, and removing twice is once', async () => {
    await store.put('b/two/x', pieces(Buffer.from('22')));
    await store.put('b/one', pieces(Buffer.from('1')));
    await store.put('b/one', pieces(Buffer.from('333')));
    expect(await store.list('b/')).toEqual([
      { key: 'b/one', bytes: 3 },
      { key: 'b/two/x', bytes: 2 },
    ]);
    await store.remove('b/two/x');
    await store.remove('b/two/x');
    expect(await store.list('b/')).toEqual([{ key: 'b/one', bytes: 3 }]);
    expect(await store.list('nothing/')).toEqual([]);
  });

  test('small documents are text; there is none where none was written', async () => {
    await store.writeText('c/manifest.json', '{"ä":1}');
    expect(await store.readText('c/manifest.json')).toBe('{"ä":1}');
    expect(await store.readText('c/other.json')).toBeNull();
  });

  test('a body that breaks off leaves nothing, and its own error is told', async () => {
    await expect(store.put('d/half', brokenAfter(randomBytes(11_000_000)))).rejects.toThrow('the dump broke off');
    expect(await store.list('d/')).toEqual([]);
    if (kind === 'folder') expect(readdirSync(join(folder, 'store', 'd'))).toEqual([]);
    else {
      const begun = await new S3Client(clientSettings()).send(new ListMultipartUploadsCommand({ Bucket: 'backups' }));
      expect(begun.Uploads ?? []).toEqual([]);
    }
  });

  test('a file that is not there is named', async () => {
    const error = await failure(store.get('e/none'));
    expect([error.code, error.family]).toEqual(['STORE_OBJECT_MISSING', 'not possible']);
  });

  test('a key that would lead elsewhere is no key', async () => {
    for (const key of ['../x', '/etc/passwd', 'a//b', 'a/./b', 'a/.part-1', ''])
      expect((await failure(Promise.resolve().then(() => store.get(key)))).code).toBe('INTERNAL');
  });
});

test('a full disk is one sentence, and nothing half is left', async () => {
  const disk = await smallDisk(folder, 4);
  try {
    const store = await openStore({ kind: 'folder', path: disk.path }, secret);
    await store.put('small', pieces(randomBytes(1_000_000)));
    const body = pieces(randomBytes(8_000_000));
    const error = await failure(store.put('large/file', body));
    expect([error.code, error.family]).toEqual(['STORE_FULL', 'not possible']);
    expect(error.message).toMatch(/^the folder .* is full \(ENOSPC\); what was being written is gone from it$/);
    expect(body.destroyed).toBe(true);
    expect((await store.list('')).map(({ key }) => key)).toEqual(['small']);
    expect(readdirSync(join(disk.path, 'large'))).toEqual([]);
    await store.put('fits', pieces(randomBytes(2_000_000)));
  } finally {
    disk.stop();
  }
});

test('a folder that is not mounted is waited for, and not made', async () => {
  const store = await openStore({ kind: 'folder', path: join(folder, 'away') }, secret);
  const error = await failure(store.put('x', pieces(Buffer.from('x'))));
  expect([error.code, error.family]).toEqual(['STORE_UNREACHABLE', 'not yet']);
  expect((await failure(store.list(''))).code).toBe('STORE_UNREACHABLE');
  expect(readdirSync(folder)).not.toContain('away');
});

test('a bucket that does not exist is refused with the cure; one whose server is away is tried again', async () => {
  const absent = await failure((await openStore(bucket('other'), secret)).put('x', pieces(Buffer.from('x'))));
  expect([absent.code, absent.hint]).toEqual(['STORE_REFUSED', 'Create it, or correct its name and region.']);
  const away = await openStore({ ...bucket(), endpoint: 'http://127.0.0.1:9' }, secret);
  const error = await failure(away.put('x', pieces(randomBytes(7_000_000))));
  expect([error.code, error.family]).toEqual(['STORE_UNREACHABLE', 'not yet']);
});

test('what a worker that died has begun is swept', async () => {
  const store = await PLACES.folder();
  mkdirSync(join(folder, 'store', 'f'));
  const { writeFileSync } = await import('node:fs');
  writeFileSync(join(folder, 'store', 'f', '.part-1'), 'half');
  expect(await store.list('f/')).toEqual([]);
  expect(await store.sweep(new Date(Date.now() - 60_000))).toBe(0);
  expect(await store.sweep(new Date(Date.now() + 60_000))).toBe(1);
  expect(readdirSync(join(folder, 'store', 'f'))).toEqual([]);
});
