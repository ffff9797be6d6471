import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GtidSet, parseGtidSet, print } from '../../workflows/decisions/gtid-set';
import { MAGIC, type BinlogEvent } from './binlog/event';
import { previousGtidsEvent } from './binlog/previous-gtids';
import { type Contents, scanFile } from './binlog/scan';
import { type Counted, openTally } from './binlog/tally';

/** Whose binary log a file is copied from. */
export interface Origin {
  readonly name: string;
  readonly uuid: string;
  readonly serverVersion: string;
}

/** A finished file of whole transactions on this machine. */
export interface LocalFile extends Omit<Counted, 'anonymous'> {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly origin: Origin;
  /** Milliseconds since 1970. */
  readonly closedMs: number;
  /** It is in the store, too. */
  readonly stored: boolean;
}

/** The file that is written now. */
export interface OpenFile {
  /** Milliseconds since 1970. */
  readonly openedMs: number;
  readonly bytes: number;
  readonly counted: () => Counted;
  /** No transaction stands open in it. */
  readonly between: () => boolean;
  /** On return they are safe: a power cut does not take them. Throws what the file system says (ENOSPC …), RangeError for garbled bytes. */
  append(events: readonly BinlogEvent[]): Promise<void>;
}

type Found = Omit<Counted, 'anonymous' | 'gtids'> & { readonly gtids: string };
/** The document beside a file. */
type Kept = Origin & { readonly found?: Found };

const [OPEN, CLOSED, STORED, ABOUT] = ['.open', '.binlog', '.stored', '.json'];

/**
 * The first tier of an archive: a folder of one cluster on the worker's machine. What a worker that died has left open is cut behind its
 * last whole transaction and closed. Files are named by the time of their beginning.
 */
export function openTier(folder: string) {
  const pathOf = (name: string, kind: string) => join(folder, name + kind);
  let file: {
    readonly handle: FileHandle;
    readonly name: string;
    readonly origin: Origin;
    whole: number;
    at: number;
  } | null = null;

  const origin = async (name: string): Promise<Kept> => JSON.parse(await readFile(pathOf(name, ABOUT), 'utf8')) as Kept;

  /** What a finished file holds is read from it once, and noted beside it. */
  const describe = async (name: string, kind: string): Promise<LocalFile> => {
    const path = pathOf(name, kind);
    const kept = await origin(name);
    const facts = await stat(path);
    const found = kept.found ?? (await note(name, kept, path));
    const { gtids, ...counted } = found;
    return {
      ...counted,
      gtids: parseGtidSet(gtids),
      name,
      path,
      bytes: facts.size,
      origin: { name: kept.name, uuid: kept.uuid, serverVersion: kept.serverVersion },
      closedMs: facts.mtimeMs,
      stored: kind === STORED,
    };
  };

  const note = async (name: string, kept: Kept, path: string): Promise<Found> => {
    const { gtids, transactions, firstMs, lastMs } = await scan(path);
    const found = { gtids: print(gtids), transactions, firstMs, lastMs };
    await writeFile(pathOf(name, `${ABOUT}.new`), JSON.stringify({ ...kept, found }), { mode: 0o600 });
    await rename(pathOf(name, `${ABOUT}.new`), pathOf(name, ABOUT));
    return found;
  };

  const discard = async (name: string, kind: string): Promise<void> => {
    await rm(pathOf(name, kind), { force: true });
    await rm(pathOf(name, ABOUT), { force: true });
  };

  const settle = async (name: string): Promise<LocalFile | null> => {
    const path = pathOf(name, OPEN);
    const { wholeBytes, transactions } = await scan(path);
    if (transactions === 0) {
      await discard(name, OPEN);
      return null;
    }
    const handle = await open(path, 'r+');
    try {
      await handle.truncate(wholeBytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(path, pathOf(name, CLOSED));
    await syncFolder(folder);
    return describe(name, CLOSED);
  };

  return {
    folder,

    /** All that is here, closed, oldest first. Call it before anything else, and once. */
    async recover(): Promise<LocalFile[]> {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const entry of await readdir(folder)) if (entry.endsWith(OPEN)) await settle(entry.slice(0, -OPEN.length));
      const found: LocalFile[] = [];
      for (const entry of (await readdir(folder)).sort()) {
        const kind = [CLOSED, STORED].find((one) => entry.endsWith(one));
        if (kind !== undefined) found.push(await describe(entry.slice(0, -kind.length), kind));
      }
      return found;
    },

    /** A new file that begins with the source's own description of its format, and with what was archived before. */
    async begin(
      origin: Origin,
      format: BinlogEvent,
      have: GtidSet,
      checksums: boolean,
      nowMs: number,
    ): Promise<OpenFile> {
      const name = `${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}-${randomUUID().slice(0, 6)}`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(pathOf(name, ABOUT), JSON.stringify(origin), { mode: 0o600 });
      const handle = await open(pathOf(name, OPEN), 'wx', 0o600);
      const before = previousGtidsEvent(have, MAGIC.length + format.raw.length, checksums);
      const head = Buffer.concat([MAGIC, format.raw, before]);
      const opened = { handle, name, origin, whole: head.length, at: head.length };
      file = opened;
      await handle.write(head, 0, head.length, 0);
      await syncFolder(folder);
      const tally = openTally();
      return {
        openedMs: nowMs,
        get bytes() {
          return opened.at;
        },
        counted: tally.counted,
        between: tally.between,
        async append(events) {
          const bytes = Buffer.concat(events.map(({ raw }) => raw));
          await handle.write(bytes, 0, bytes.length, opened.at);
          await handle.datasync();
          for (const event of events) {
            opened.at += event.raw.length;
            if (tally.add(event)) opened.whole = opened.at;
          }
        },
      };
    },

    /** The file that was written becomes a finished one, cut behind its last whole transaction; null where it holds none. */
    async close(): Promise<LocalFile | null> {
      if (file === null) return null;
      const { handle, name } = file;
      file = null;
      await handle.close();
      return settle(name);
    },

    async markStored({ name }: LocalFile): Promise<LocalFile> {
      await rename(pathOf(name, CLOSED), pathOf(name, STORED));
      return describe(name, STORED);
    },

    remove: ({ name, stored }: LocalFile): Promise<void> => discard(name, stored ? STORED : CLOSED),
  };
}

export type Tier = ReturnType<typeof openTier>;

const scan = (path: string): Promise<Contents> => scanFile(createReadStream(path, { highWaterMark: 1_048_576 }));

/** A rename is safe when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
