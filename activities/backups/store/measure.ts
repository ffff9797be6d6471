import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { type Stored } from './store';

/** Passes bytes on, and knows their number and hash when they have ended. */
export class Measure extends Transform {
  private readonly hash = createHash('sha256');
  private bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  /** Once, at the end. */
  result(): Stored {
    return { bytes: this.bytes, sha256: this.hash.digest('hex') };
  }
}
