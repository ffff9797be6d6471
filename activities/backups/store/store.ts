import { type Readable } from 'node:stream';
import { RunbookError } from '../../errors';

/** What is known of a file that was stored. `sha256` in hex, of the bytes as they are stored. */
export interface Stored {
  readonly bytes: number;
  readonly sha256: string;
}

export interface Listed {
  readonly key: string;
  readonly bytes: number;
}

/**
 * Where backups are kept. Keys are parts of letters, digits, `.`, `_`, `=` and `-` between slashes.
 * All calls throw STORE_UNREACHABLE (a retry may help), STORE_FULL, STORE_REFUSED (it is set up wrongly), and `get` STORE_OBJECT_MISSING.
 */
export interface Store {
  /** For sentences: `the folder /backups`, `the bucket mysql-backups`. */
  readonly name: string;
  /** The whole body, or nothing: a file appears when its last byte is safe. Replaces what has the key. The error of a body that breaks off is thrown. */
  put(key: string, body: Readable): Promise<Stored>;
  get(key: string): Promise<Readable>;
  /** Files whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string): Promise<Listed[]>;
  /** Nothing happens where there is none. */
  remove(key: string): Promise<void>;
  /** A small document; null where there is none. */
  readText(key: string): Promise<string | null>;
  writeText(key: string, text: string): Promise<void>;
  /** Removes what `put` had begun before that moment and, because its process died, never finished. Returns how many. */
  sweep(before: Date): Promise<number>;
}

const KEY = /^[A-Za-z0-9._=-]+(\/[A-Za-z0-9._=-]+)*$/;

/** Throws INTERNAL: keys are made by us. */
export function checkKey(key: string): void {
  if (KEY.test(key) && !key.split('/').some((part) => /^\.+$/.test(part) || part.startsWith(PART))) return;
  throw new RunbookError({
    code: 'INTERNAL',
    message: `${JSON.stringify(key)} is no key of a store`,
    hint: 'Please report this.',
  });
}

/** Name of a file that is not whole yet. */
export const PART = '.part-';
