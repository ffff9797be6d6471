import { createSecretKey, type KeyObject } from 'node:crypto';
import { RunbookError } from '../errors';

/** 32 bytes, written as base64 or hex. Throws INVENTORY_INVALID; the value is not quoted. */
export function aesKey(id: string, value: string): KeyObject {
  const written = value.trim();
  const bytes = /^[0-9a-f]{64}$/i.test(written) ? Buffer.from(written, 'hex') : Buffer.from(written, 'base64');
  if (bytes.length === 32) return createSecretKey(bytes);
  throw new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `the encryption key "${id}" has ${bytes.length} bytes, and AES-256 takes 32`,
    hint: 'Make one with `openssl rand -base64 32`.',
  });
}
