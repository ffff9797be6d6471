import { haveOf } from '../../workflows/decisions/archive/coverage';
import { type Claimant, decidePurge, type KeptLogs, type PurgeDecision } from '../../workflows/decisions/archive/purge';
import { type Cluster } from '../../workflows/decisions/cluster';
import { readable, unreadable } from '../../workflows/decisions/facts';
import { print } from '../../workflows/decisions/gtid-set';
import { type Deps, serverNamed, words } from '../deps';
import { findCluster } from '../inventory/inventory';
import { type Mysql } from '../mysql/mysql';
import { lookAtCluster } from '../observe/cluster';
import { PROMISE, promiseOf } from './promise';
import { openShelf } from './shelf';

export interface PurgeOrder {
  readonly cluster: string;
  readonly keep: number;
}

/** Who is asked has longer than in an emergency. */
const PATIENT = { full: false, deadlineMs: 5_000 };
const LISTED_WITHIN_MS = 20_000;

/** What may go, judged by what everybody has now. Reads only. */
export async function surveyPurge(
  deps: Deps,
  order: PurgeOrder,
): Promise<PurgeDecision & { readonly cluster: Cluster }> {
  const cluster = findCluster(await deps.inventory(), order.cluster);
  const { members } = await lookAtCluster(deps.servers, cluster, PATIENT);
  const logs = await Promise.all(readable(members).map(({ name }) => logsOf(serverNamed(deps, cluster, name))));
  const claimants: Claimant[] = [
    // What it has received and not applied may be lost with its relay logs: what it has executed counts.
    ...readable(members).map(({ name, gtid }) => ({ who: name, has: gtid.executed })),
    ...unreadable(members).map(({ name, detail }) => ({
      who: name,
      has: null,
      because: `it cannot be read (${detail})`,
    })),
    ...(cluster.backups ? await claimsOfBackups(deps, cluster) : []),
  ];
  return { ...decidePurge(logs, claimants, order.keep), cluster };
}

/** What the archive holds; without an archive, what the bases of the promised days hold. */
async function claimsOfBackups(deps: Deps, cluster: Cluster): Promise<Claimant[]> {
  const archive = cluster.backups?.archive !== undefined;
  const who = archive ? 'the archive' : PROMISE;
  try {
    if (!archive) return await promiseOf(deps, cluster, Date.now());
    const coverage = await (await openShelf(deps, cluster)).coverage();
    if (coverage.beginning === null) return [{ who, has: null, because: 'it has not begun' }];
    const gaps = coverage.gaps.map(({ gtids }) => gtids);
    return [{ who, has: [print(haveOf(coverage)), ...gaps].filter((set) => set !== '').join(',') }];
  } catch (error) {
    return [{ who, has: null, because: words(error) }];
  }
}

async function logsOf(server: Mysql): Promise<KeptLogs> {
  const slow = { deadlineMs: LISTED_WITHIN_MS };
  const listed = await server.rows<{ Log_name: string; File_size: number }>('SHOW BINARY LOGS', [], slow);
  const files: { name: string; bytes: number; before: string }[] = [];
  for (const { Log_name: name, File_size: bytes } of listed) {
    const events = await server.rows<{ Event_type: string; Info: string }>(
      'SHOW BINLOG EVENTS IN ? LIMIT 3',
      [name],
      slow,
    );
    const previous = events.find(({ Event_type: type }) => type === 'Previous_gtids');
    // A file without it cannot be judged, nor any behind it.
    if (!previous) break;
    files.push({ name, bytes, before: previous.Info.trim() });
  }
  return { name: server.name, files };
}

/**
 * Purge the binary logs of one member up to a file, which stays. Twice is the same as once: files that are gone are gone.
 * Throws MISSING_PRIVILEGE (BINLOG_ADMIN), STATEMENT_FAILED. Source: MySQL manual, "PURGE BINARY LOGS Statement".
 */
export async function purgeTo(
  deps: Deps,
  { cluster, name, to }: { readonly cluster: Cluster; readonly name: string; readonly to: string },
): Promise<void> {
  await serverNamed(deps, cluster, name).run('PURGE BINARY LOGS TO ?', [to], { deadlineMs: 60_000 });
}
