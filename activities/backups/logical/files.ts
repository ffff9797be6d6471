import { once } from 'node:events';
import { PassThrough, pipeline, Readable, Transform } from 'node:stream';
import { type BackupFile, type FilePart, keyPart } from '../../../workflows/decisions/backups/manifest';
import { type Sealing } from '../sealing/sealing';
import { type Store } from '../store/store';
import { type Sink } from './sink';

/** The files of one backup, as they are stored. */
export interface Files extends Sink {
  readonly stored: BackupFile[];
  /** Bytes as they came, before they were made small. */
  readonly plainBytes: () => number;
  /** One whole file of this part. `name`: default that of the part. */
  put(part: FilePart, body: Readable | string, name?: string): Promise<void>;
}

const PIECE_BYTES = 64 * 1_048_576;

/** `goOn` throws when nobody wants the files any more. */
export function filesOf(store: Store, sealing: Sealing, prefix: string, goOn: () => void = () => undefined): Files {
  const stored: BackupFile[] = [];
  let plain = 0;
  let number = 0;

  const keep = async (file: Omit<BackupFile, 'bytes' | 'sha256'>, body: Readable): Promise<void> => {
    stored.push({ ...file, ...(await store.put(file.key, sealing.seal(body))) });
  };

  return {
    stored,
    pieceBytes: PIECE_BYTES,
    plainBytes: () => plain,
    put(part, body, name = `${part}.sql`) {
      const whole = typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body;
      const counted = new Transform({
        highWaterMark: 1_048_576,
        transform(bytes: Buffer, _encoding, next) {
          plain += bytes.length;
          try {
            goOn();
            next(null, bytes);
          } catch (error) {
            next(error as Error);
          }
        },
      });
      pipeline(whole, counted, () => undefined);
      return keep({ key: `${prefix}${name}${sealing.suffix}`, part }, counted);
    },
    pieces() {
      let body: PassThrough | null = null;
      let done: Promise<void> = Promise.resolve();
      return {
        begin({ schema, table, first }) {
          number += 1;
          const name = `${String(number).padStart(6, '0')}-${keyPart(schema)}.${keyPart(table)}`;
          const key = `${prefix}tables/${name.slice(0, 200)}.sql${sealing.suffix}`;
          body = new PassThrough({ highWaterMark: 1_048_576 });
          done = keep({ key, part: first ? 'table' : 'rows', schema, table }, body);
          // It is awaited at the end of the piece; until then `write` tells of it.
          done.catch(() => undefined);
        },
        async write(bytes) {
          goOn();
          plain += bytes.length;
          if (!body) return;
          if (body.errored) throw body.errored;
          // Its store has given up: its own error is the one to tell.
          if (body.destroyed) return done;
          if (!body.write(bytes)) await Promise.race([once(body, 'drain'), done]);
        },
        async end() {
          body?.end();
          body = null;
          await done;
        },
      };
    },
  };
}
