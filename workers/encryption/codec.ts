import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Payload, type PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { RunbookError } from '../../activities/errors';
import { type Keyring } from './keyring';

const { Payload: Message } = temporal.api.common.v1;
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Payloads as Temporal stores them: AES-256-GCM over the whole payload, as nonce, ciphertext and tag; the key's id stands in the
 * metadata (the form of Temporal's own samples, so that codecs of other languages read it). The first key encrypts, all of them
 * decrypt; what is not encrypted passes, so that runs from before go on. Throws DECRYPTION_FAILED.
 */
export const encryptingCodec = (keyring: Keyring): PayloadCodec => ({
  encode: async (payloads) => {
    const { id, key } = await keyring.newest();
    return payloads.map((payload) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce);
      const hidden = [cipher.update(Message.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
      return {
        metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) },
        data: Buffer.concat([nonce, ...hidden]),
      };
    });
  },
  decode: (payloads) => Promise.all(payloads.map((payload) => decrypt(payload, keyring))),
});

export const isEncrypted = ({ metadata }: Payload): boolean => text(metadata?.['encoding']) === ENCODING;

async function decrypt(payload: Payload, keyring: Keyring): Promise<Payload> {
  if (!isEncrypted(payload)) return payload;
  const id = text(payload.metadata?.[KEY_ID]);
  const key = await keyring.named(id);
  if (!key)
    throw decryptionFailed(
      `this was encrypted with the key "${id}", which encryption.keys of this inventory does not list`,
      'Add that key to the inventory of this process, behind the one that encrypts; keep old keys until no kept history needs them.',
    );
  const data = Buffer.from(payload.data ?? []);
  try {
    const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const shown = [decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
    return Message.decode(Buffer.concat(shown));
  } catch {
    throw decryptionFailed(
      `the key "${id}" of this inventory is not the one that this was encrypted with`,
      'Compare the secret behind that id with the one of the process that encrypted it; a new key needs a new id.',
    );
  }
}

const text = (bytes: Uint8Array | null | undefined): string => (bytes ? Buffer.from(bytes).toString('utf8') : '');

const decryptionFailed = (message: string, hint: string) =>
  new RunbookError({ code: 'DECRYPTION_FAILED', message, hint });
