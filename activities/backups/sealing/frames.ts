import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/**
 * AES-256-GCM in frames, so that a file of any size is sealed and opened as it streams (the STREAM construction). The nonce holds the
 * frame's number and whether it is the last: frames that were flipped, reordered, left out or cut off do not open. Each file has a key of its
 * own, derived with a random salt, so that no nonce is ever used twice. Source: Hoang, Reyhanitabar, Rogaway, Vizár, "Online
 * Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015); NIST SP 800-38D.
 *
 * Header: `MRSEAL1\n`, one byte: length of the key's id, the id, 32 bytes of salt. Then frames of 65,536 bytes and a tag of 16; the last is shorter.
 */
const MAGIC = Buffer.from('MRSEAL1\n');
const SALT_BYTES = 32;
const FRAME_BYTES = 65_536;
const TAG_BYTES = 16;
const MOST_FRAMES = 2 ** 32;

export class SealFrames extends Transform {
  private readonly header: Buffer;
  private readonly key: Buffer;
  private frame = 0;
  private pending: Buffer = Buffer.alloc(0);

  constructor(id: string, key: KeyObject) {
    super({ highWaterMark: FRAME_BYTES });
    const salt = randomBytes(SALT_BYTES);
    this.header = Buffer.concat([MAGIC, Buffer.of(Buffer.byteLength(id)), Buffer.from(id), salt]);
    this.key = fileKey(key, salt);
    this.push(this.header);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    // One byte stays behind: the last frame is only known at the end.
    while (this.pending.length > FRAME_BYTES) {
      this.seal(this.pending.subarray(0, FRAME_BYTES), false);
      this.pending = this.pending.subarray(FRAME_BYTES);
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    this.seal(this.pending, true);
    done();
  }

  private seal(bytes: Buffer, last: boolean): void {
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce(this.frame, last)).setAAD(this.header);
    this.frame += 1;
    this.push(Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]));
  }
}

/** What the reader is told, by name. */
export interface Opening {
  /** Throws where there is no such key. */
  readonly keyNamed: (id: string) => KeyObject;
  readonly damaged: (what: string) => Error;
}

export class OpenFrames extends Transform {
  private header: Buffer | null = null;
  private key: Buffer = Buffer.alloc(0);
  private frame = 0;
  private pending: Buffer = Buffer.alloc(0);

  constructor(private readonly opening: Opening) {
    super({ highWaterMark: FRAME_BYTES });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    this.guarded(done, () => {
      if (!this.header) this.readHeader();
      while (this.header && this.pending.length > FRAME_BYTES + TAG_BYTES) {
        this.open(this.pending.subarray(0, FRAME_BYTES + TAG_BYTES), false);
        this.pending = this.pending.subarray(FRAME_BYTES + TAG_BYTES);
      }
    });
  }

  override _flush(done: TransformCallback): void {
    this.guarded(done, () => {
      if (!this.header) throw this.opening.damaged('it ends within its header');
      if (this.pending.length < TAG_BYTES) throw this.opening.damaged('it ends too early');
      this.open(this.pending, true);
    });
  }

  private guarded(done: TransformCallback, work: () => void): void {
    try {
      work();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  private readHeader(): void {
    const known = this.pending.subarray(0, MAGIC.length);
    if (!MAGIC.subarray(0, known.length).equals(known)) throw this.opening.damaged('it is no sealed file');
    const idAt = MAGIC.length + 1;
    const saltAt = idAt + (this.pending[MAGIC.length] ?? 0);
    if (this.pending.length < idAt || this.pending.length < saltAt + SALT_BYTES) return;
    this.header = Buffer.from(this.pending.subarray(0, saltAt + SALT_BYTES));
    this.key = fileKey(this.opening.keyNamed(this.header.toString('utf8', idAt, saltAt)), this.header.subarray(saltAt));
    this.pending = this.pending.subarray(this.header.length);
  }

  private open(sealed: Buffer, last: boolean): void {
    const decipher = createDecipheriv('aes-256-gcm', this.key, nonce(this.frame, last))
      .setAAD(this.header ?? MAGIC)
      .setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    try {
      const bytes = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
      decipher.final();
      this.push(bytes);
    } catch {
      throw this.opening.damaged(`frame ${this.frame} does not open`);
    }
    this.frame += 1;
  }
}

const fileKey = (key: KeyObject, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, 'mysql-runbooks sealed file', 32));

function nonce(frame: number, last: boolean): Buffer {
  if (frame >= MOST_FRAMES) throw new RangeError('a sealed file holds at most 256 TiB');
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(frame, 7);
  bytes[11] = last ? 1 : 0;
  return bytes;
}
