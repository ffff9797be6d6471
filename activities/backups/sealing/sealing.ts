import { type KeyObject } from 'node:crypto';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { type BackupPolicy } from '../../../workflows/decisions/backups/policy';
import { type SecretReference } from '../../../workflows/decisions/cluster';
import { RunbookError } from '../../errors';
import { aesKey } from '../../inventory/aes-key';
import { programNamed, throughProgram } from '../../programs/through';
import { OpenFrames, SealFrames } from './frames';

const COMPRESSED = '.zst';
const SEALED = '.sealed';

/** What is done to every file on its way into a store, and undone on its way out. A file's name says which: `….zst`, `….zst.sealed`. */
export interface Sealing {
  /** Behind the name of every file that is sealed now. */
  readonly suffix: string;
  /** Id of the key that seals; null = compressed only. */
  readonly keyId: string | null;
  /** The error of the result: that of `body`, TOOL_MISSING, TOOL_FAILED. */
  seal(body: Readable): Readable;
  /** By what the name says. The error of the result: that of `body`, BACKUP_DAMAGED, SECRET_UNAVAILABLE (a key that is not in the inventory), TOOL_MISSING. */
  unseal(name: string, body: Readable): Readable;
}

/** Throws SECRET_UNAVAILABLE, INVENTORY_INVALID for keys that cannot be had. */
export async function openSealing(
  { encryption, compression }: Pick<BackupPolicy, 'encryption' | 'compression'>,
  secret: (reference: SecretReference) => Promise<string>,
): Promise<Sealing> {
  const keys = new Map<string, KeyObject>();
  for (const { id, key } of encryption?.keys ?? []) keys.set(id, aesKey(id, await secret(key)));
  const first = [...keys][0];
  const zstd = programNamed('zstd');

  return {
    suffix: first ? COMPRESSED + SEALED : COMPRESSED,
    keyId: first?.[0] ?? null,
    seal(body) {
      const settings = [`-${compression.level}`, `-T${compression.threads}`];
      const small = throughProgram([zstd, '--quiet', '--stdout', '--check', ...settings], { input: body });
      return first ? flowing(small, new SealFrames(...first)) : small;
    },
    unseal(name, body) {
      const sealed = name.endsWith(SEALED);
      const opened = sealed
        ? flowing(body, new OpenFrames({ keyNamed: keyNamed(name, keys), damaged: (what) => damaged(name, what) }))
        : body;
      if (!name.slice(0, sealed ? -SEALED.length : undefined).endsWith(COMPRESSED)) return opened;
      return throughProgram([zstd, '--quiet', '--decompress', '--stdout'], {
        input: opened,
        failed: (how, said) => damaged(name, `zstd ${how}${said === '' ? '' : `: ${said}`}`),
      });
    },
  };
}

/** As pipe(), and the error of either side ends both. */
function flowing(from: Readable, through: Transform): Transform {
  pipeline(from, through, () => undefined);
  return through;
}

const keyNamed =
  (name: string, keys: ReadonlyMap<string, KeyObject>) =>
  (id: string): KeyObject => {
    const key = keys.get(id);
    if (key) return key;
    throw new RunbookError({
      code: 'SECRET_UNAVAILABLE',
      message: `${name} was sealed with the key "${id.replaceAll(/[^\w.-]/g, '?').slice(0, 63)}", which is not among backups.encryption.keys`,
      hint: 'Add it behind the key that seals now.',
    });
  };

export const damaged = (name: string, what: string): RunbookError =>
  new RunbookError({
    code: 'BACKUP_DAMAGED',
    message: `${name} is damaged: ${what}`,
    hint: 'Do not rely on this backup: take a new one, and look at the store.',
  });
