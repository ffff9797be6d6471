import { createReadStream } from 'node:fs';
import { type Cluster } from '../../workflows/decisions/cluster';
import { countText, subtractText } from '../../workflows/decisions/gtid-set';
import { type CopiedChanges, judgeReplay, type ReplayVerdict, type Since } from '../../workflows/decisions/replay';
import { type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { quarantine } from '../fencing/quarantine';
import { readTransactions, salvageTransactions } from '../reports/salvage';
import { changesIn } from './changes';

export interface Extras {
  /** GTID set (text); '' when it has nothing that the primary lacks, now that it stands still. */
  readonly extra: string;
  /** Where they were copied to, readable and replayable; null when there are none. */
  readonly file: string | null;
  readonly changes: CopiedChanges;
  readonly verdict: ReplayVerdict;
  readonly because: string;
}

export interface Pair {
  readonly cluster: Cluster;
  /** Who comes back. */
  readonly instance: string;
  readonly primary: string;
}

/**
 * Make the server stand still (read-only, client sessions ended), then copy to a file what it alone has and read what that would do.
 * Idempotent: absolute states, and the file is named by the set, so a repeat replaces it. Changes nothing on the primary.
 * Throws FENCE_NOT_PROVEN (it could not be closed), TOOL_MISSING, TOOL_FAILED.
 */
export async function closeAndCopy(deps: Deps, { cluster, instance, primary }: Pair): Promise<Extras> {
  const kept = await quarantine(deps, cluster, instance, primary);
  if (!kept.reached || !kept.known)
    throw new RunbookError({
      code: 'FENCE_NOT_PROVEN',
      message: `${instance} could not be made to stand still: ${kept.because}`,
      hint: `Make it read-only by hand (SET GLOBAL super_read_only = ON), then start this again.`,
    });
  deps.checkpoint('extras:closed');
  const nothing = { transactions: 0, rows: [], others: [] };
  if (kept.extra === '')
    return {
      extra: '',
      file: null,
      changes: nothing,
      verdict: { possible: true, because: 'nothing to take over' },
      because: kept.because,
    };
  const file = await salvageTransactions(deps, cluster, instance, kept.extra);
  deps.checkpoint('extras:copied');
  const changes = await changesIn(createReadStream(file));
  const verdict = judgeReplay(
    kept.extra,
    changes,
    cluster.schema,
    await sinceParting(deps, { cluster, instance, primary }),
  );
  return { extra: kept.extra, file, changes, verdict, because: `copied to ${file}; ${verdict.because}` };
}

/** What the primary has done that the returning server has not, out of its binary logs. May be much: it is read as it comes, and not kept. */
async function sinceParting(deps: Deps, { cluster, instance, primary }: Pair): Promise<Since> {
  const executed = async (name: string) =>
    String((await serverNamed(deps, cluster, name).value('SELECT @@global.gtid_executed')) ?? '');
  const here = await executed(instance);
  const gtids = subtractText(await executed(primary), here);
  const since = { wanted: countText(gtids), changes: { transactions: 0, rows: [], others: [] } as CopiedChanges };
  if (gtids === '') return since;
  await readTransactions(deps, cluster, primary, gtids, async (output) => {
    since.changes = await changesIn(output);
  });
  return since;
}
