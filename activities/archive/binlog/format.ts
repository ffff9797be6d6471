import { CHECKSUM_BYTES, HEADER_BYTES, type BinlogEvent } from './event';

/** What a file says of itself in its first event: who wrote it, and whether events end with a checksum. */
export interface Format {
  readonly serverVersion: string;
  readonly checksums: boolean;
  /** Of the fixed part of each kind's body, by kind less one. */
  readonly postHeaders: Buffer;
}

const [VERSION_BYTES, BEFORE_POST_HEADERS] = [50, 57];
const CRC32_ALGORITHM = 1;

/**
 * Read the body of a format description with all that follows its header. Servers since 5.6.1 end it with the algorithm of the file's
 * checksums and a checksum of its own, which is there whatever the algorithm is.
 * Throws RangeError when it is too short. Source: MySQL source, Format_description_event.
 */
export function readFormat(event: Buffer): Format {
  const algorithmAt = event.length - CHECKSUM_BYTES - 1;
  const version = event.subarray(HEADER_BYTES + 2, HEADER_BYTES + 2 + VERSION_BYTES);
  const end = version.indexOf(0);
  return {
    serverVersion: version.toString('latin1', 0, end < 0 ? VERSION_BYTES : end),
    checksums: event.readUInt8(algorithmAt) === CRC32_ALGORITHM,
    postHeaders: event.subarray(HEADER_BYTES + BEFORE_POST_HEADERS, algorithmAt),
  };
}

/** How long the fixed part of an event's body is in the file's release. */
export const postHeaderBytes = ({ postHeaders }: Format, { header }: BinlogEvent): number =>
  postHeaders[header.type - 1] ?? 0;
