import { resolve } from 'node:path';
import { type BackupPolicy, type S3Place } from '../../workflows/decisions/backups/policy';
import { type SecretReference } from '../../workflows/decisions/cluster';
import { absoluteSecret } from './paths';

/** Relative paths are meant from the folder of the inventory; a program without a slash is looked up on PATH. */
export function absoluteBackups(
  { store, encryption, scratch, archive, ...rest }: BackupPolicy,
  folder: string,
): BackupPolicy {
  const secret = (reference: SecretReference) => absoluteSecret(reference, folder);
  return {
    ...rest,
    store: store.kind === 'folder' ? { ...store, path: resolve(folder, store.path) } : absoluteBucket(store, secret),
    ...(encryption && { encryption: { keys: encryption.keys.map(({ id, key }) => ({ id, key: secret(key) })) } }),
    ...(archive && { archive: { ...archive, folder: resolve(folder, archive.folder) } }),
    ...(scratch && {
      scratch: {
        ...scratch,
        mysqld: scratch.mysqld.includes('/') ? resolve(folder, scratch.mysqld) : scratch.mysqld,
        folder: resolve(folder, scratch.folder),
      },
    }),
  };
}

const absoluteBucket = (
  { credentials, ...store }: S3Place,
  secret: (reference: SecretReference) => SecretReference,
): S3Place => ({
  ...store,
  ...(credentials && {
    credentials: {
      accessKeyId: secret(credentials.accessKeyId),
      secretAccessKey: secret(credentials.secretAccessKey),
    },
  }),
});
