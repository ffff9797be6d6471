import { type Cluster } from '../../workflows/decisions/cluster';
import { type DrillCandidate, type DrillRecord } from '../../workflows/decisions/drill';
import { primaryOf } from '../../workflows/decisions/topology';
import { type Deps, serverNamed, words } from '../deps';
import { lookAtCluster } from '../observe/cluster';
import { quoteName } from '../mysql/quoting';
import { type Mysql } from '../mysql/mysql';
import { isAbsent } from './tables';

interface Row {
  readonly run: string;
  readonly ended_at: string;
  readonly mode: DrillRecord['mode'];
  readonly verdict: DrillRecord['verdict'];
  readonly rto_ms: number | null;
  readonly objective_ms: number;
  readonly lost_rows: number | null;
  readonly back_ms: number | null;
  readonly old_primary: string;
  readonly new_primary: string;
  readonly because: string;
}

/** The drills of a cluster, the oldest first; none where no drill has made the table. Reads only. */
export async function readDrills(server: Mysql, schema: string): Promise<DrillRecord[]> {
  try {
    const rows = await server.rows<Row>(`SELECT * FROM ${quoteName(schema)}.drills ORDER BY ended_at`);
    return rows.map((row) => ({
      run: row.run,
      endedAt: `${row.ended_at.slice(0, 23).replace(' ', 'T')}Z`,
      mode: row.mode,
      verdict: row.verdict,
      rtoMs: row.rto_ms,
      objectiveMs: row.objective_ms,
      lostRows: row.lost_rows,
      backMs: row.back_ms,
      oldPrimary: row.old_primary,
      newPrimary: row.new_primary,
      because: row.because,
    }));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** One row for each run, whoever is asked twice. */
export async function recordDrill(deps: Deps, { cluster, primary, drill }: RecordOrder): Promise<void> {
  const values = [drill.run, drill.endedAt.slice(0, 23).replace('T', ' '), drill.mode, drill.verdict, drill.rtoMs];
  await serverNamed(deps, cluster, primary).run(
    `REPLACE INTO ${quoteName(cluster.schema)}.drills (run, ended_at, mode, verdict, rto_ms, objective_ms, lost_rows, back_ms,
       old_primary, new_primary, because) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [...values, drill.objectiveMs, drill.lostRows, drill.backMs, drill.oldPrimary, drill.newPrimary, drill.because],
    { deadlineMs: 15_000 },
  );
}

export interface RecordOrder {
  readonly cluster: Cluster;
  readonly primary: string;
  readonly drill: DrillRecord;
}

/** A drill has time. */
const PATIENT = { full: false, deadlineMs: 5_000 };

/** Clusters with a drill in the inventory and a primary that can be asked for the last one; and why the others are left out. */
export async function drillCandidates(
  deps: Deps,
): Promise<{ readonly candidates: DrillCandidate[]; readonly leftOut: string[] }> {
  const candidates: DrillCandidate[] = [];
  const leftOut: string[] = [];
  for (const cluster of (await deps.inventory()).clusters.filter(({ drill }) => drill !== undefined)) {
    try {
      const { primary, because } = primaryOf(await lookAtCluster(deps.servers, cluster, PATIENT), cluster);
      if (primary === null) leftOut.push(`${cluster.name}: ${because}`);
      else {
        const history = await readDrills(serverNamed(deps, cluster, primary), cluster.schema);
        candidates.push({ cluster: cluster.name, last: history.at(-1)?.endedAt ?? null });
      }
    } catch (error) {
      leftOut.push(`${cluster.name}: ${words(error)}`);
    }
  }
  return { candidates, leftOut };
}
