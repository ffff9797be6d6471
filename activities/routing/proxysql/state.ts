import { type Instance } from '../../../workflows/decisions/cluster';
import { type ProxysqlRouter } from '../../../workflows/decisions/router';
import { type Routing } from '../control';
import { type Admin, misconfigured, type Row } from './admin';

/** One row of mysql_servers or of its runtime copy. */
export interface ServerRow {
  readonly hostgroup: number;
  /** `host:port` in lower case. */
  readonly at: string;
  readonly status: Status;
  /** All columns as they were read, also those that this release of ours does not know. */
  readonly columns: Row;
}

/** SHUNNED is ProxySQL's own finding (errors, or lag of a reader); the other three are said by people. */
export type Status = 'ONLINE' | 'SHUNNED' | 'OFFLINE_SOFT' | 'OFFLINE_HARD';

/** What ProxySQL does now, and what its memory tables would make it do at the next LOAD. */
export interface ProxysqlState {
  readonly runtime: readonly ServerRow[];
  readonly memory: readonly ServerRow[];
  readonly pairs: { readonly runtime: readonly Row[]; readonly memory: readonly Row[] };
  readonly pool: readonly { readonly hostgroup: number; readonly at: string; readonly used: number }[];
  /** mysql-auto_increment_delay_multiplex: statements for which a session stays on its server after an insert. */
  readonly delay: { readonly now: number; readonly onDisk: number };
  /** The read_only monitor runs and moves servers between our two hostgroups by itself. */
  readonly governed: boolean;
}

export const DELAY = 'mysql-auto_increment_delay_multiplex';
const DEFAULT_DELAY = 5;

/**
 * Read it all. OFFLINE_HARD is ProxySQL's word for "deleted": such a row leaves the runtime tables as soon as its last connection is
 * gone, and lives on in memory and on disk only. Source: ProxySQL documentation, "Main (runtime)", "Stats".
 */
export async function readProxysql(admin: Admin, router: ProxysqlRouter): Promise<ProxysqlState> {
  const pairs = {
    runtime: await admin.rows('SELECT * FROM runtime_mysql_replication_hostgroups'),
    memory: await admin.rows('SELECT * FROM mysql_replication_hostgroups'),
  };
  const onDisk = await variables(
    admin,
    `SELECT variable_name, variable_value FROM disk.global_variables WHERE variable_name IN ('${DELAY}')`,
  );
  const now = await variables(
    admin,
    `SELECT variable_name, variable_value FROM runtime_global_variables WHERE variable_name IN ('${DELAY}', 'mysql-monitor_enabled')`,
  );
  const pair = pairs.runtime.find((row) => Number(row['writer_hostgroup']) === router.writers);
  const state: ProxysqlState = {
    ...(await readServers(admin)),
    pairs,
    delay: { now: Number(now.get(DELAY) ?? DEFAULT_DELAY), onDisk: Number(onDisk.get(DELAY) ?? DEFAULT_DELAY) },
    governed: now.get('mysql-monitor_enabled') !== 'false' && pair !== undefined,
  };
  refuseUnknownHostgroup(router, state);
  refuseOtherPair(router, pair);
  return state;
}

/** The part that changes under a call, again: every question is a round trip, and a router may be far away. */
export async function readAgain(admin: Admin, state: ProxysqlState): Promise<ProxysqlState> {
  return { ...state, ...(await readServers(admin)), pairs: { ...state.pairs, memory: state.pairs.runtime } };
}

async function readServers(admin: Admin): Promise<Pick<ProxysqlState, 'runtime' | 'memory' | 'pool'>> {
  const runtime = await serversIn(admin, 'runtime_mysql_servers');
  const memory = await serversIn(admin, 'mysql_servers');
  const pool = await admin.rows('SELECT hostgroup, srv_host, srv_port, ConnUsed FROM stats_mysql_connection_pool');
  return {
    runtime,
    memory,
    pool: pool.map((row) => ({
      hostgroup: Number(row['hostgroup']),
      at: addressIn(row, 'srv_host', 'srv_port'),
      used: Number(row['ConnUsed']),
    })),
  };
}

/** What DELAY is at run time. */
export const delayNow = async (admin: Admin): Promise<number> =>
  Number(
    (
      await variables(
        admin,
        `SELECT variable_name, variable_value FROM runtime_global_variables WHERE variable_name IN ('${DELAY}')`,
      )
    ).get(DELAY) ?? DEFAULT_DELAY,
  );

async function serversIn(admin: Admin, table: string): Promise<ServerRow[]> {
  const rows = await admin.rows(`SELECT * FROM ${table}`);
  return rows.map((columns) => ({
    hostgroup: Number(columns['hostgroup_id']),
    at: addressIn(columns, 'hostname', 'port'),
    status: String(columns['status']).toUpperCase() as Status,
    columns,
  }));
}

const variables = async (admin: Admin, sql: string): Promise<Map<string, string>> =>
  new Map((await admin.rows(sql)).map((row) => [String(row['variable_name']), String(row['variable_value'])]));

export const addressIn = (row: Row, host: string, port: string): string =>
  `${row[host] ?? ''}:${row[port] ?? ''}`.toLowerCase();

export const addressOf = ({ host, port }: Instance): string => `${host}:${port}`.toLowerCase();

function refuseUnknownHostgroup(router: ProxysqlRouter, { runtime, memory }: ProxysqlState): void {
  const known = [...new Set([...runtime, ...memory].map(({ hostgroup }) => hostgroup))].sort((a, b) => a - b);
  const missing = [router.writers, router.readers].find(
    (hostgroup) => hostgroup !== undefined && !known.includes(hostgroup),
  );
  if (missing === undefined) return;
  throw misconfigured(
    router,
    `it has no server in hostgroup ${missing}; it has servers in ${known.join(', ') || 'none'}`,
    'Correct writers and readers in the inventory, or INSERT the servers into mysql_servers.',
  );
}

/** The monitor moves servers between the hostgroups of its pair: readers that we do not know of would be a way back in. */
function refuseOtherPair(router: ProxysqlRouter, pair: Row | undefined): void {
  if (pair === undefined || Number(pair['reader_hostgroup']) === router.readers) return;
  throw misconfigured(
    router,
    `its read_only monitor pairs hostgroup ${router.writers} with the readers ${pair['reader_hostgroup'] ?? ''}, and the inventory has ${router.readers === undefined ? 'no readers' : `readers: ${router.readers}`}`,
    'Give readers in the inventory the reader_hostgroup of mysql_replication_hostgroups.',
  );
}

/** Rows of a hostgroup that ProxySQL knows at run time: OFFLINE_HARD is as good as not there. */
export const live = ({ runtime }: ProxysqlState, hostgroup: number | undefined): ServerRow[] =>
  runtime.filter((row) => row.hostgroup === hostgroup && row.status !== 'OFFLINE_HARD');

export const usedOn = ({ pool }: ProxysqlState, hostgroup: number, at: string): number =>
  pool.filter((row) => row.hostgroup === hostgroup && row.at === at).reduce((sum, { used }) => sum + used, 0);

/**
 * Servers that the monitor does not vouch for: its latest check did not find them read-only. After a few failed checks it takes a
 * silent server for read-only, moves it to the readers, and moves it back as a writer as soon as it answers otherwise.
 */
export async function unvouched(admin: Admin, candidates: readonly string[]): Promise<string[]> {
  const latest = await admin.rows(
    'SELECT hostname, port, read_only, error, MAX(time_start_us) AS at FROM monitor.mysql_server_read_only_log GROUP BY hostname, port',
  );
  const readOnly = latest
    .filter((row) => Number(row['read_only']) === 1 && (row['error'] ?? '') === '')
    .map((row) => addressIn(row, 'hostname', 'port'));
  return candidates.filter((at) => !readOnly.includes(at));
}

/** In the inventory's names; a server that the inventory does not have keeps its address. */
export function routingOf(router: ProxysqlRouter, instances: readonly Instance[], state: ProxysqlState): Routing {
  const nameAt = (at: string) => nameOf(instances, at);
  const writers = live(state, router.writers);
  const readers = live(state, router.readers);
  const attached = state.pool.filter(({ hostgroup }) => hostgroup === router.writers).map(({ at }) => at);
  return {
    router: router.name,
    // OFFLINE_SOFT is a writer still: sessions that are pinned to it go on.
    writers: writers.map(({ at }) => nameAt(at)),
    readers: readers.map(({ at }) => nameAt(at)),
    sessions: Object.fromEntries(
      [...new Set([...writers.map(({ at }) => at), ...attached])].map((at) => [
        nameAt(at),
        usedOn(state, router.writers, at),
      ]),
    ),
    // A hold that nobody ended left the 0; it is never saved, so the disk knows what was meant.
    settings: { [DELAY]: state.delay.now === 0 ? state.delay.onDisk : state.delay.now },
    addresses: Object.fromEntries([...readers, ...writers].map(({ at }) => [nameAt(at), at])),
  };
}

export const nameOf = (instances: readonly Instance[], at: string): string =>
  instances.find((instance) => addressOf(instance) === at)?.name ?? at;
