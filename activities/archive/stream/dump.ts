import { type Connection } from 'mysql2';
import { type GtidSet } from '../../../workflows/decisions/gtid-set';
import { type Login, logIn } from '../../mysql/line';
import { dumpRequest } from './request';

export interface DumpOrder {
  /** What we have: it is not sent. */
  readonly excluded: GtidSet;
  /** As no server of the cluster has it. */
  readonly serverId: number;
  /** As a replica would tell it: the source ends the session of whoever had it before, so that a killed worker leaves none behind. */
  readonly uuid: string;
}

/** Events as they come, as replicas get them. */
export interface Dump {
  /**
   * All that has come since the last call, at least one event, each whole; null when the source has ended the stream.
   * Rejects with the driver's error, or ETIMEDOUT when nothing came for `silentForMs`: a source that lives sends heartbeats.
   */
  next(silentForMs: number): Promise<Buffer[] | null>;
  close(): void;
}

/** Beyond so much that is not taken, the source has to wait. */
const MOST_WAITING_BYTES = 16_777_216;
const HEARTBEAT_NS = 1_000_000_000;
const LOGIN_WITHIN_MS = 5_000;

/** What the driver has beneath its typed face. */
interface Wire {
  addCommand(command: object): void;
  writePacket(packet: object): void;
  _resetSequenceId(): void;
  pause(): void;
  resume(): void;
}

interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isError(): boolean;
  isEOF(): boolean;
  asError(encoding: string): Error;
}

/**
 * Log in and ask for all transactions but those we have; the stream has no end of its own. Rejects with the driver's error (1236: the
 * source has purged what is asked for). Source: MySQL manual, "Replication Threads"; MySQL source, rpl_binlog_sender.cc.
 */
export async function openDump(login: Login, order: DumpOrder): Promise<Dump> {
  const connection = await logIn(login, LOGIN_WITHIN_MS, async (opened) => {
    await say(opened, introduction(order.uuid));
    return opened;
  });
  return listen(connection, dumpRequest(order.serverId, order.excluded));
}

/** Old and new names: a server ignores those that it does not know. Checksums are sent as they stand in its files. */
const introduction = (uuid: string): string =>
  ['master', 'source']
    .flatMap((old) => [
      `@${old}_binlog_checksum = @@global.binlog_checksum`,
      `@${old}_heartbeat_period = ${HEARTBEAT_NS}`,
    ])
    .concat([`@slave_uuid = '${uuid}'`, `@replica_uuid = '${uuid}'`])
    .join(', ')
    .replace(/^/, 'SET ');

const say = (connection: Connection, sql: string): Promise<void> =>
  new Promise((resolve, reject) => connection.query(sql, (error) => (error ? reject(error) : resolve())));

function listen(connection: Connection, request: Buffer): Dump {
  const wire = connection as unknown as Wire;
  let waiting: Buffer[] = [];
  let [bytes, paused] = [0, false];
  let ending = null as { readonly error: Error | null } | null;
  let wake: () => void = () => undefined;
  const end = (error: Error | null) => {
    ending ??= { error };
    wake();
  };
  connection.on('error', end);
  connection.on('end', () => end(new Error('the source has closed the connection')));

  let begun = false;
  wire.addCommand(
    asCommand((packet: Packet | undefined) => {
      if (!begun) {
        begun = true;
        wire._resetSequenceId();
        wire.writePacket(asPacket(request));
        return false;
      }
      if (!packet) return false;
      if (packet.isError()) end(packet.asError('utf8'));
      else if (packet.isEOF()) end(null);
      else {
        // Behind one byte that says "no error".
        const event = packet.buffer.subarray(packet.offset + 1, packet.end);
        waiting.push(event);
        bytes += event.length;
        if (bytes > MOST_WAITING_BYTES && !paused) {
          paused = true;
          wire.pause();
        }
        wake();
        return false;
      }
      return true;
    }),
  );

  return {
    async next(silentForMs) {
      if (waiting.length === 0 && ending === null) await heard(silentForMs, (listener) => (wake = listener));
      const events = waiting;
      [waiting, bytes] = [[], 0];
      if (paused) {
        paused = false;
        wire.resume();
      }
      if (events.length > 0) return events;
      const { error } = ending ?? { error: silence(silentForMs) };
      if (error === null) return null;
      throw error;
    },
    close: () => connection.destroy(),
  };
}

const silence = (ms: number): Error =>
  Object.assign(new Error(`nothing came for ${ms} ms, not even a heartbeat`), { code: 'ETIMEDOUT' });

function heard(withinMs: number, listen: (listener: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    listen(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** As the driver calls its commands: true = over. */
const asCommand = (execute: (packet: Packet | undefined) => boolean): object => ({
  execute,
  once: () => undefined,
  on: () => undefined,
  emit: () => false,
  stateName: () => 'dump',
});

function asPacket(payload: Buffer): object {
  const buffer = Buffer.concat([Buffer.alloc(4), payload]);
  return {
    buffer,
    length: () => buffer.length,
    writeHeader(sequence: number) {
      buffer.writeUIntLE(payload.length, 0, 3);
      buffer.writeUInt8(sequence, 3);
    },
  };
}
