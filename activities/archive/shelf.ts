import { createReadStream } from 'node:fs';
import { type Readable } from 'node:stream';
import {
  type ArchiveBeginning,
  type ArchivedFile,
  type Coverage,
  type Gap,
  gtidsOf,
} from '../../workflows/decisions/archive/coverage';
import { contains, parseGtidSet, print } from '../../workflows/decisions/gtid-set';
import { type Cluster } from '../../workflows/decisions/cluster';
import { placesOf } from '../backups/places';
import { type Deps } from '../deps';
import { type LocalFile } from './tier';

/** So many documents are asked for at a time. */
const AT_A_TIME = 16;

/** Documents never change, and there are many: each is read once in a worker's life. */
const read = new Map<string, ArchivedFile>();

/**
 * The second tier: the archive of one cluster in its store. Beside each file stands a document with its exact GTIDs, so that whoever
 * restores needs neither a worker nor the files to know what is there. A document is written when its file is whole, and only then.
 * Throws what the store throws: STORE_UNREACHABLE, STORE_FULL, STORE_REFUSED, STORE_OBJECT_MISSING.
 */
export async function openShelf(deps: Pick<Deps, 'secret'>, cluster: Cluster) {
  const { store, sealing } = await placesOf(deps, cluster);
  const root = `${cluster.name}/binlogs`;
  const document = async <Shape>(key: string): Promise<Shape | null> => {
    const text = await store.readText(key);
    return text === null ? null : (JSON.parse(text) as Shape);
  };
  const fileAt = async (key: string): Promise<ArchivedFile[]> => {
    const at = `${store.name}/${key}`;
    const known = read.get(at) ?? (await document<ArchivedFile>(key));
    if (known) read.set(at, known);
    return known ? [known] : [];
  };
  const files = async (): Promise<ArchivedFile[]> => {
    const keys = (await store.list(`${root}/files/`)).map(({ key }) => key).filter((key) => key.endsWith('.json'));
    const found: ArchivedFile[] = [];
    for (let at = 0; at < keys.length; at += AT_A_TIME)
      found.push(...(await Promise.all(keys.slice(at, at + AT_A_TIME).map(fileAt))).flat());
    return found;
  };
  const gaps = async (): Promise<Gap[]> => (await document<Gap[]>(`${root}/gaps.json`)) ?? [];

  return {
    name: store.name,

    async coverage(): Promise<Coverage> {
      const [beginning, found, known] = await Promise.all([
        document<ArchiveBeginning>(`${root}/beginning.json`),
        files(),
        gaps(),
      ]);
      return { beginning, files: found, gaps: known };
    },

    /** Where the archive begins, noted once. */
    async begin(before: string, at: string): Promise<void> {
      const beginning: ArchiveBeginning = { version: 1, cluster: cluster.name, before, at };
      await store.writeText(`${root}/beginning.json`, JSON.stringify(beginning, null, 2));
    },

    /** Noted once, whoever notices it again. */
    async noteGap(gap: Gap): Promise<void> {
      const known = await gaps();
      if (contains(gtidsOf(known), parseGtidSet(gap.gtids))) return;
      await store.writeText(`${root}/gaps.json`, JSON.stringify([...known, gap], null, 2));
    },

    /** A finished file, packed and sealed, then its document. A second time replaces the same by the same. */
    async keep(file: LocalFile): Promise<ArchivedFile> {
      const key = `${root}/files/${file.name.slice(0, 8)}/${file.name}.binlog`;
      const sealed = sealing.seal(createReadStream(file.path, { highWaterMark: 1_048_576 }));
      const stored = await store.put(key + sealing.suffix, sealed);
      const { firstMs, lastMs, origin, gtids, transactions, bytes, closedMs } = file;
      const archived: ArchivedFile = {
        version: 1,
        cluster: cluster.name,
        key: key + sealing.suffix,
        source: { name: origin.name, uuid: origin.uuid },
        serverVersion: origin.serverVersion,
        gtids: print(gtids),
        transactions,
        firstAt: new Date(firstMs ?? closedMs).toISOString(),
        lastAt: new Date(lastMs ?? closedMs).toISOString(),
        bytes,
        stored,
        closedAt: new Date(closedMs).toISOString(),
      };
      await store.writeText(`${key}.json`, JSON.stringify(archived, null, 2));
      return archived;
    },

    /** The file as mysqlbinlog reads it. The error of the result: BACKUP_DAMAGED, and what the store throws. */
    async open({ key }: ArchivedFile): Promise<Readable> {
      return sealing.unseal(key, await store.get(key));
    },
  };
}

export type Shelf = Awaited<ReturnType<typeof openShelf>>;
