import { type GtidSet } from '../../../workflows/decisions/gtid-set';
import { writeGtidSet } from '../binlog/previous-gtids';

const COM_BINLOG_DUMP_GTID = 0x1e;
const THROUGH_GTID = 0x04;

/** The request for all transactions of a server that are not in `excluded`. Source: MySQL source, rpl_source.cc, com_binlog_dump_gtid. */
export function dumpRequest(serverId: number, excluded: GtidSet): Buffer {
  const set = writeGtidSet(excluded);
  const head = Buffer.alloc(1 + 2 + 4 + 4 + 8 + 4);
  head.writeUInt8(COM_BINLOG_DUMP_GTID, 0);
  head.writeUInt16LE(THROUGH_GTID, 1);
  head.writeUInt32LE(serverId, 3);
  head.writeUInt32LE(0, 7); // no name of a file: the server finds the first one itself
  head.writeBigUInt64LE(4n, 11);
  head.writeUInt32LE(set.length, 19);
  return Buffer.concat([head, set]);
}
