import { type Mysql } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';

/** The row that tells, wherever it replicates to, which server was opened last and by which run. One row a run. */
export async function recordEpoch(
  server: Mysql,
  schema: string,
  uuid: string,
  { run, minEpoch }: { readonly run: string; readonly minEpoch: number },
): Promise<number> {
  const table = `${quoteName(schema)}.epoch`;
  return server.session(
    async (session) => {
      const own = await session.value(`SELECT epoch FROM ${table} WHERE run = ? AND primary_uuid = ?`, [run, uuid]);
      if (own !== undefined && own !== null) return Number(own);
      const known = Number((await session.value(`SELECT COALESCE(MAX(epoch), 0) FROM ${table}`)) ?? 0);
      const epoch = Math.max(known + 1, minEpoch);
      await session.run(`INSERT INTO ${table} (epoch, primary_uuid, run, opened_at) VALUES (?, ?, ?, NOW(6))`, [
        epoch,
        uuid,
        run,
      ]);
      return epoch;
    },
    { deadlineMs: EPOCH_DEADLINE_MS },
  );
}

/** The first commit may wait for the first acknowledger to arrive, or for semi-sync to fall back: 10 s by default. */
const EPOCH_DEADLINE_MS = 15_000;
