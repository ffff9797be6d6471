/** Kinds of events that mean something to us. Source: MySQL source, libs/mysql/binlog/event/binlog_event.h (Log_event_type). */
export const EVENT = {
  query: 2,
  stop: 3,
  rotate: 4,
  format: 15,
  xid: 16,
  tableMap: 19,
  writeRowsV1: 23,
  updateRowsV1: 24,
  deleteRowsV1: 25,
  incident: 26,
  heartbeat: 27,
  writeRows: 30,
  updateRows: 31,
  deleteRows: 32,
  gtid: 33,
  anonymousGtid: 34,
  previousGtids: 35,
  xaPrepare: 38,
  partialUpdateRows: 39,
  payload: 40,
  heartbeatV2: 41,
  taggedGtid: 42,
} as const;

export const MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);
export const HEADER_BYTES = 19;
export const CHECKSUM_BYTES = 4;
/** The server is still writing this file. The checksum of its first event is that without the flag. */
export const IN_USE_FLAG = 0x1;
/** Made by the sender of a stream for the occasion; it stands in no file. */
export const ARTIFICIAL_FLAG = 0x20;

export interface EventHeader {
  /** Seconds since 1970, as the server's clock said when the statement began. */
  readonly timestamp: number;
  readonly type: number;
  readonly serverId: number;
  /** Of the whole event: header, body and checksum. */
  readonly bytes: number;
  readonly flags: number;
}

/** The header at the beginning of `event`, which has at least HEADER_BYTES. */
export const readHeader = (event: Buffer): EventHeader => ({
  timestamp: event.readUInt32LE(0),
  type: event.readUInt8(4),
  serverId: event.readUInt32LE(5),
  bytes: event.readUInt32LE(9),
  flags: event.readUInt16LE(17),
});

/** One event of a file or a stream, its checksum checked. */
export interface BinlogEvent {
  readonly header: EventHeader;
  /** Header, body, checksum: as it stood there. */
  readonly raw: Buffer;
  /** Without header and checksum. */
  readonly body: Buffer;
}
