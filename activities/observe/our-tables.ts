import { type EpochFacts, type HeartbeatFacts } from '../../workflows/decisions/facts';
import { errnoOf } from '../mysql/driver-errors';
import { type CallOptions, type Mysql } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';

/** Unknown schema, unknown table, no right to read it: a fleet that was not prepared yet, not an error. Doctor says so. */
const NOT_PREPARED = new Set([1049, 1142, 1146, 1044]);

export const readHeartbeat = (server: Mysql, schema: string, options: CallOptions): Promise<HeartbeatFacts | null> =>
  orNull(async () => {
    const [row] = await server.rows<{ writtenBy: string; ageMicros: number }>(
      `SELECT server_uuid AS writtenBy, TIMESTAMPDIFF(MICROSECOND, written_at, NOW(6)) AS ageMicros
         FROM ${quoteName(schema)}.heartbeat ORDER BY written_at DESC LIMIT 1`,
      [],
      options,
    );
    return row ? { writtenBy: row.writtenBy, ageMs: row.ageMicros / 1000 } : null;
  });

export const readEpoch = (server: Mysql, schema: string, options: CallOptions): Promise<EpochFacts | null> =>
  orNull(async () => {
    const [row] = await server.rows<{ epoch: number | string; primaryUuid: string; run: string }>(
      `SELECT epoch, primary_uuid AS primaryUuid, run FROM ${quoteName(schema)}.epoch ORDER BY epoch DESC LIMIT 1`,
      [],
      options,
    );
    return row ? { ...row, epoch: Number(row.epoch) } : null;
  });

async function orNull<Facts>(read: () => Promise<Facts | null>): Promise<Facts | null> {
  try {
    return await read();
  } catch (error) {
    if (NOT_PREPARED.has(errnoOf(error))) return null;
    throw error;
  }
}
