import {
  backupsPrefix,
  historyPrefix,
  type KnownBackup,
  manifestKey,
  readManifest,
  readVerification,
  type Verification,
  verificationKey,
} from '../../workflows/decisions/backups/manifest';
import { RunbookError } from '../errors';
import { type Store } from './store/store';

export interface Catalogue {
  /** The oldest first. */
  readonly backups: readonly KnownBackup[];
  /** Ids that have files and no manifest: begun and not finished, or being removed. */
  readonly unfinished: readonly string[];
}

/** What a store has of a cluster. Throws as the store does. */
export async function readCatalogue(store: Store, cluster: string): Promise<Catalogue> {
  const prefix = backupsPrefix(cluster);
  const ids = new Set<string>();
  for (const { key } of await store.list(prefix)) ids.add(key.slice(prefix.length).split('/', 1)[0] ?? '');
  const known = await Promise.all(
    [...ids].sort().map(async (id) => ({ id, backup: await readBackup(store, cluster, id) })),
  );
  return {
    backups: known.flatMap(({ backup }) => backup ?? []),
    unfinished: known.filter(({ backup }) => backup === null).map(({ id }) => id),
  };
}

export async function readBackup(store: Store, cluster: string, id: string): Promise<KnownBackup | null> {
  const [written, proof] = await Promise.all([
    store.readText(manifestKey(cluster, id)),
    store.readText(verificationKey(cluster, id)),
  ]);
  const manifest = written === null ? null : readManifest(written);
  return manifest && { manifest, verified: proof === null ? null : readVerification(proof) };
}

/** Throws BACKUP_UNKNOWN. `id` left out: the newest. */
export async function findBackup(store: Store, cluster: string, id: string | null): Promise<KnownBackup> {
  const found =
    id === null ? (await readCatalogue(store, cluster)).backups.at(-1) : await readBackup(store, cluster, id);
  if (found) return found;
  throw new RunbookError({
    code: 'BACKUP_UNKNOWN',
    message:
      id === null ? `${store.name} has no backup of ${cluster}` : `${store.name} has no backup ${id} of ${cluster}`,
    hint: `Look at \`runbook backups ${cluster}\`; take one: runbook start backUp --cluster ${cluster}.`,
  });
}

/** Every verification of a cluster's backups, also of those that are gone; the oldest first. */
export async function readVerifications(store: Store, cluster: string): Promise<Verification[]> {
  const keys = (await store.list(historyPrefix(cluster))).map(({ key }) => key);
  const texts = await Promise.all(keys.map((key) => store.readText(key)));
  return texts
    .flatMap((text) => (text === null ? [] : (readVerification(text) ?? [])))
    .sort((one, other) => (one.at < other.at ? -1 : 1));
}
