import { randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RunbookError } from '../../errors';
import { systemCode } from '../../inventory/system-code';
import { Measure } from './measure';
import { checkKey, type Listed, PART, type Store } from './store';

/** A folder, best on a machine of its own: a local disk, or a mount. */
export function folderStore(root: string): Store {
  const name = `the folder ${root}`;
  const pathOf = (key: string): string => {
    checkKey(key);
    return join(root, ...key.split('/'));
  };
  /** A mount that is away leaves an empty place, or none: nothing is written there. */
  const within = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      await access(root, constants.R_OK | constants.X_OK);
      return await work();
    } catch (error) {
      throw refusalOf(name, error);
    }
  };

  const put: Store['put'] = (key, body) =>
    within(async () => {
      const path = pathOf(key);
      const folder = dirname(path);
      await mkdir(folder, { recursive: true });
      const part = join(folder, `${PART}${randomUUID()}`);
      try {
        const file = await open(part, 'wx', 0o600);
        const measure = new Measure();
        try {
          await pipeline(body, measure, writerOf(file));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(part, path);
        await syncFolder(folder);
        return measure.result();
      } finally {
        await rm(part, { force: true });
      }
    }).catch((error: unknown) => {
      body.destroy();
      throw error;
    });

  const files = async (): Promise<string[]> =>
    (await readdir(root, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  return {
    name,
    put,
    get: (key) =>
      within(async () => {
        const stream = createReadStream(pathOf(key), { highWaterMark: 1_048_576 });
        await new Promise<void>((resolve, reject) => stream.once('open', () => resolve()).once('error', reject));
        return stream;
      }).catch((error: unknown) => {
        throw error instanceof RunbookError && isAbsent(error.cause) ? missing(name, key) : error;
      }),
    list: (prefix) =>
      within(async () => {
        const found: Listed[] = [];
        for (const path of await files()) {
          const key = relative(root, path).split(sep).join('/');
          if (!key.startsWith(prefix) || path.includes(`${sep}${PART}`)) continue;
          // Another worker may just have removed it.
          const facts = await stat(path).catch(() => null);
          if (facts) found.push({ key, bytes: facts.size });
        }
        return found.sort((one, other) => (one.key < other.key ? -1 : 1));
      }),
    remove: (key) =>
      within(async () => {
        const path = pathOf(key);
        await rm(path, { force: true });
        // Until one holds others still, or somebody else was faster.
        for (let folder = dirname(path), empty = true; empty && folder !== root; folder = dirname(folder))
          empty = await rmdir(folder).then(
            () => true,
            () => false,
          );
      }),
    readText: (key) =>
      within(async () => {
        const path = pathOf(key);
        return readFile(path, 'utf8').catch((error: unknown) => {
          if (isAbsent(error)) return null;
          throw error;
        });
      }),
    writeText: async (key, text) => {
      await put(key, Readable.from([Buffer.from(text)]));
    },
    sweep: (before) =>
      within(async () => {
        let swept = 0;
        for (const path of (await files()).filter((one) => one.includes(`${sep}${PART}`))) {
          const facts = await stat(path).catch(() => null);
          if (!facts || facts.mtime >= before) continue;
          await rm(path, { force: true });
          swept += 1;
        }
        return swept;
      }),
  };
}

/** The file stays open: it is to be synced yet. */
const writerOf = (file: FileHandle): Writable =>
  new Writable({
    highWaterMark: 1_048_576,
    write: (chunk: Buffer, _encoding, done) => void file.writeFile(chunk).then(() => done(), done),
  });

/** A rename is safe when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isAbsent = (error: unknown): boolean => systemCode(error) === 'ENOENT';

const missing = (name: string, key: string): RunbookError =>
  new RunbookError({
    code: 'STORE_OBJECT_MISSING',
    message: `${name} has no file ${key}`,
    hint: 'Look who removed it; take a new backup if it belongs to one.',
  });

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

/** What is no fault of the file system (the body broke off) stays as it is. */
function refusalOf(name: string, error: unknown): unknown {
  if (error instanceof RunbookError) return error;
  const code = systemCode(error);
  const syscall = (error as NodeJS.ErrnoException).syscall;
  if (syscall === undefined) return error;
  if (FULL.has(code))
    return new RunbookError({
      code: 'STORE_FULL',
      message: `${name} is full (${code}); what was being written is gone from it`,
      hint: 'Free space there or lower the retention, then start again.',
      cause: error,
    });
  if (REFUSED.has(code))
    return new RunbookError({
      code: 'STORE_REFUSED',
      message: `${name} does not let us in (${code})`,
      hint: 'Give it to the user of the worker.',
      cause: error,
    });
  return new RunbookError({
    code: 'STORE_UNREACHABLE',
    message: code === 'ENOENT' ? `${name} does not exist` : `${name} does not answer (${code})`,
    hint: 'Create or mount it; what has begun is tried again.',
    cause: error,
  });
}
