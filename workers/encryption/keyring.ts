import { type KeyObject } from 'node:crypto';
import { aesKey } from '../../activities/inventory/aes-key';
import { type EncryptionKey, type Inventory } from '../../activities/inventory/inventory';
import { resolveSecret } from '../../activities/inventory/secrets';

export interface Keyring {
  /** The key that encrypts: the first of the inventory. */
  newest(): Promise<{ readonly id: string; readonly key: KeyObject }>;
  /** Undefined when no key has this id, also after another look at the inventory. */
  named(id: string): Promise<KeyObject | undefined>;
}

type Keys = ReadonlyMap<string, KeyObject>;
const KEEP_MS = 60_000;

/**
 * The keys of `encryption`, read now and again every minute, so that a rotated key is used without a restart; while they cannot be
 * read again, the ones that are known stay in force. Throws SECRET_UNAVAILABLE, INVENTORY_INVALID when the first reading fails.
 */
export async function openKeyring(inventory: () => Promise<Inventory>): Promise<Keyring> {
  const read = async (): Promise<Keys> => {
    const { encryption, folder } = await inventory();
    const keys = (encryption?.keys ?? []).map(async (written) => [written.id, await keyOf(written, folder)] as const);
    return new Map(await Promise.all(keys));
  };
  let keys = await read();
  let readAt = performance.now();
  let reading: Promise<void> | undefined;
  const readAgain = (): Promise<void> => {
    reading ??= read()
      .then((fresh) => {
        if (fresh.size > 0) keys = fresh;
      })
      .catch(() => undefined)
      .finally(() => {
        readAt = performance.now();
        reading = undefined;
      });
    return reading;
  };
  return {
    newest: () => {
      // Nobody waits for it: a slow store must not slow a failover down.
      if (performance.now() - readAt > KEEP_MS) void readAgain();
      const [first] = keys;
      if (!first) throw new Error('encryption without a key');
      return Promise.resolve({ id: first[0], key: first[1] });
    },
    named: async (id) => {
      if (!keys.has(id)) await readAgain();
      return keys.get(id);
    },
  };
}

const keyOf = async ({ id, key }: EncryptionKey, folder: string): Promise<KeyObject> =>
  aesKey(id, await resolveSecret(key, folder));
