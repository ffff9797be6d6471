import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { isEmpty, parseGtidSet, print, subtract } from '../../workflows/decisions/gtid-set';
import { type FenceFindings } from '../../workflows/decisions/fence';
import { type Deps, serverNamed, words } from '../deps';
import { type Mysql } from '../mysql/mysql';
import { killSessions } from '../mysql/sessions';
import { setSemiSync } from '../replication/semi-sync';
import { closeOldPrimary } from './fence';

export interface Quarantined {
  readonly reached: boolean;
  /** Transactions that only the old primary has, as a GTID set; '' when none or not known. */
  readonly extra: string;
  /** It is closed and `extra` was read for sure. */
  readonly known: boolean;
  readonly because: string;
}

/**
 * Keep the old primary out: read-only, its client sessions ended, its commits no longer waiting for anybody. Never throws: a
 * server that cannot be reached now is quarantined by the watcher as soon as it shows itself.
 */
export async function quarantine(
  deps: Deps,
  cluster: Cluster,
  oldPrimary: string,
  newPrimary: string,
): Promise<Quarantined> {
  const server = serverNamed(deps, cluster, oldPrimary);
  const asked = await closeOldPrimary(deps, cluster, oldPrimary, true);
  const closed = asked.set ? asked : await closeByForce(deps, cluster, oldPrimary);
  if (!closed.set) return { reached: false, known: false, extra: '', because: closed.because };
  try {
    await letInAgain(server, cluster.accounts.admin.user);
    // Sessions first: a commit that still waits for an acknowledgement must not be told "done" when the waiting ends.
    await endClientSessions(deps, cluster, oldPrimary);
    await setSemiSync(server, 'none');
    await untilClientSessionsEnded(deps, cluster, oldPrimary);
    const here = parseGtidSet(String((await server.value('SELECT @@global.gtid_executed')) ?? ''));
    const there = parseGtidSet(
      String((await serverNamed(deps, cluster, newPrimary).value('SELECT @@global.gtid_executed')) ?? ''),
    );
    const extra = subtract(here, there);
    const because = isEmpty(extra)
      ? 'read-only, its sessions ended; it has nothing that the new primary lacks'
      : `read-only, its sessions ended; it alone has ${print(extra)}`;
    return { reached: true, known: true, extra: print(extra), because };
  } catch (error) {
    return { reached: true, known: false, extra: '', because: `read-only, but: ${words(error)}` };
  }
}

/**
 * super_read_only waits for commits that wait for an acknowledgement, and nobody will give it: without this the old primary of a lossless
 * cluster could never be closed. The waiting is ended while no client can be told of it and none can come in. offline_mode stays on until
 * it is closed, by this try or by a later one.
 * Source: MySQL manual, "offline_mode", "super_read_only".
 */
async function closeByForce(deps: Deps, cluster: Cluster, name: string): Promise<FenceFindings['superReadOnly']> {
  const server = serverNamed(deps, cluster, name);
  try {
    await server.run('SET GLOBAL offline_mode = ON');
    await endClientSessions(deps, cluster, name);
    await setSemiSync(server, 'none');
    const closed = await closeOldPrimary(deps, cluster, name, true);
    if (closed.set) await server.run('SET GLOBAL offline_mode = OFF');
    return closed;
  } catch (error) {
    return { set: false, because: words(error) };
  }
}

/**
 * offline_mode off, where it was one of ours that put it on: a try that could not close the server left it so, and the one that can may
 * run on another worker. What a person has set stays. 5.7 does not tell who it was: there it stays as well.
 * Source: MySQL manual, "The variables_info Table".
 */
async function letInAgain(server: Mysql, us: string): Promise<void> {
  if (Number(await server.value('SELECT @@global.offline_mode')) !== 1) return;
  const by = await server
    .value("SELECT SET_USER FROM performance_schema.variables_info WHERE VARIABLE_NAME = 'offline_mode'")
    .catch(() => undefined);
  if (by === us) await server.run('SET GLOBAL offline_mode = OFF');
}

/** Ends every session that is not a system thread, a dump thread or ours. */
export async function endClientSessions(deps: Deps, cluster: Cluster, name: string): Promise<number> {
  const server = serverNamed(deps, cluster, name);
  const sessions = await clientSessions(server, cluster);
  await killSessions(server, sessions);
  return sessions.length;
}

/** How long a killed session may take to finish its commit or to roll back before we go on without it. */
const SESSIONS_END_WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 20;

/**
 * A commit that waited for an acknowledgement is finished by its killed session a moment after the waiting ends (seen: four transactions
 * that appeared after gtid_executed was read). What the server alone has is known only when the sessions are gone.
 */
async function untilClientSessionsEnded(deps: Deps, cluster: Cluster, name: string): Promise<void> {
  const server = serverNamed(deps, cluster, name);
  const until = performance.now() + SESSIONS_END_WITHIN_MS;
  while (performance.now() < until && (await clientSessions(server, cluster)).length > 0) await pause(LOOK_EVERY_MS);
}

async function clientSessions(server: Mysql, cluster: Cluster): Promise<number[]> {
  const rows = await server.rows<{ id: number }>(
    `SELECT PROCESSLIST_ID AS id FROM performance_schema.threads
     WHERE TYPE = 'FOREGROUND' AND PROCESSLIST_ID IS NOT NULL AND PROCESSLIST_USER IS NOT NULL
       AND PROCESSLIST_USER NOT IN (?, ?, 'event_scheduler') AND PROCESSLIST_COMMAND NOT LIKE 'Binlog Dump%' AND PROCESSLIST_COMMAND <> 'Daemon'`,
    [cluster.accounts.admin.user, cluster.accounts.replication.user],
  );
  return rows.map((row) => row.id);
}
