import { createSecretKey, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { OpenFrames, SealFrames } from '../../../activities/backups/sealing/frames';
import { openSealing, type Sealing } from '../../../activities/backups/sealing/sealing';
import { throughProgram } from '../../../activities/programs/through';
import { failure } from '../mysql/one-server';

const VALUES: Record<string, string> = { OLD: 'ab'.repeat(32), NEW: Buffer.alloc(32, 7).toString('base64') };
const secret = (reference: object) => Promise.resolve(VALUES[(reference as { env: string }).env]!);
const compression = { level: 3, threads: 1 };
const keys = (...names: string[]) => ({ keys: names.map((name) => ({ id: name, key: { env: name } })) });
const sealing = (...names: string[]) =>
  openSealing({ compression, ...(names.length > 0 && { encryption: keys(...names) }) }, secret);
const from = (bytes: Buffer, piece = 65_536) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    })(),
  );
const sealed = (how: Sealing, bytes: Buffer) => buffer(how.seal(from(bytes)));
const opened = (how: Sealing, bytes: Buffer, piece?: number) =>
  buffer(how.unseal(`orders/b1/t.sql${how.suffix}`, from(bytes, piece)));

test.each([0, 1, 65_535, 65_536, 65_537, 3_000_000])('%i bytes come back, however they are cut', async (size) => {
  const how = await sealing('NEW');
  expect([how.suffix, how.keyId]).toEqual(['.zst.sealed', 'NEW']);
  const bytes = randomBytes(size);
  const kept = await sealed(how, bytes);
  expect((await opened(how, kept)).equals(bytes)).toBe(true);
  expect((await opened(how, kept, 4_099)).equals(bytes)).toBe(true);
});

test('compressed only, where no key is given', async () => {
  const how = await sealing();
  const bytes = Buffer.alloc(500_000, 'abc');
  const kept = await sealed(how, bytes);
  expect([how.suffix, how.keyId, kept.length < 2_000]).toEqual(['.zst', null, true]);
  expect((await opened(how, kept)).equals(bytes)).toBe(true);
});

test('an older key still opens; an unknown one is named', async () => {
  const kept = await sealed(await sealing('OLD'), Buffer.from('rows'));
  expect(String(await opened(await sealing('NEW', 'OLD'), kept))).toBe('rows');
  const error = await failure(opened(await sealing('NEW'), kept));
  expect([error.code, error.message]).toEqual([
    'SECRET_UNAVAILABLE',
    'orders/b1/t.sql.zst.sealed was sealed with the key "OLD", which is not among backups.encryption.keys',
  ]);
});

describe.each([['sealed', ['NEW']] as const, ['only compressed', []] as const])('%s', (_, names) => {
  const bytes = randomBytes(300_000);
  let how: Sealing;
  let kept: Buffer;
  beforeAll(async () => {
    how = await sealing(...names);
    kept = await sealed(how, bytes);
  });

  test('a flipped byte is found, wherever it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: kept.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const flipped = Buffer.from(kept);
          flipped[at] = flipped[at]! ^ by;
          const got = await opened(how, flipped).catch((error: unknown) => error);
          // Bits of zstd's frame header say nothing about the content.
          if (Buffer.isBuffer(got)) expect([names.length, got.equals(bytes)]).toEqual([0, true]);
          else expect((got as { code: string }).code).toMatch(/BACKUP_DAMAGED|SECRET_UNAVAILABLE/);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a missing end is found, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: kept.length - 1 }), async (length) => {
        const error = await failure(opened(how, kept.subarray(0, length)));
        expect(error.code).toBe('BACKUP_DAMAGED');
      }),
      { numRuns: 60, examples: [[0], [kept.length - 1], [44 + 65_552]] },
    );
  });
});

test('a file cut between two frames does not open, whatever is in it', async () => {
  const key = createSecretKey(randomBytes(32));
  const kept = await buffer(from(randomBytes(200_000)).pipe(new SealFrames('k', key)));
  const opening = { keyNamed: () => key, damaged: (what: string) => new Error(what) };
  const cut = kept.subarray(0, 8 + 1 + 1 + 32 + 2 * 65_552);
  await expect(buffer(from(cut).pipe(new OpenFrames(opening)))).rejects.toThrow('frame 1 does not open');
  expect(await buffer(from(kept).pipe(new OpenFrames(opening)))).toHaveLength(200_000);
});

test('frames that changed places, and what comes behind the last, are found', async () => {
  const how = await sealing('NEW');
  const kept = await sealed(how, randomBytes(300_000));
  const header = 8 + 1 + 3 + 32;
  const [one, two] = [header, header + 65_552];
  const swapped = Buffer.concat([
    kept.subarray(0, one),
    kept.subarray(two, two + 65_552),
    kept.subarray(one, two),
    kept.subarray(two + 65_552),
  ]);
  expect((await failure(opened(how, swapped))).message).toContain('frame 0 does not open');
  expect((await failure(opened(how, Buffer.concat([kept, randomBytes(70_000)])))).code).toBe('BACKUP_DAMAGED');
});

test('a program that fails is an error and never a short output; its input breaking off is, too', async () => {
  const half = throughProgram(['sh', '-c', 'echo half; echo why >&2; exit 3']);
  expect((await failure(buffer(half))).message).toBe('sh ended with exit code 3: why');
  const missing = await failure(buffer(throughProgram(['/nowhere/zstd'])));
  expect([missing.code, missing.hint]).toEqual(['TOOL_MISSING', 'Install it, or name it by RUNBOOK_ZSTD.']);
  const how = await sealing('NEW');
  const broken = Readable.from(
    (function* () {
      yield randomBytes(200_000);
      throw new Error('the dump broke off');
    })(),
  );
  await expect(buffer(how.seal(broken))).rejects.toThrow('the dump broke off');
});
