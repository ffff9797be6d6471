import { type ProxysqlRouter } from '../../../workflows/decisions/router';
import { quoteText, type Row } from './admin';
import { type ProxysqlState, type ServerRow } from './state';

/** How one server shall stand in one of our two hostgroups. */
export interface Wanted {
  readonly hostgroup: number;
  readonly at: string;
  readonly status: 'ONLINE' | 'OFFLINE_SOFT' | 'OFFLINE_HARD';
}

/**
 * Statements that make the memory tables the running state with our wishes in it, so that LOAD MYSQL SERVERS TO RUNTIME changes what
 * we want and nothing else. LOAD publishes the whole of mysql_servers: rows that somebody is about to edit, and rows that the monitor
 * of another cluster has moved since they were loaded (it moves them at run time only; a LOAD would move that cluster's writes back).
 * So rows that are not ours are taken from the running state, one by one. SAVE MYSQL SERVERS FROM RUNTIME would be simpler, and
 * would drop every OFFLINE_HARD row with its weight and limits, since the running state has none. Empty = memory is so already.
 */
export function memoryStatements(router: ProxysqlRouter, state: ProxysqlState, wanted: readonly Wanted[]): string[] {
  const rows = rowsToBe(router, state, wanted);
  const now = new Map(state.memory.map((row) => [keyOf(row), row.columns]));
  const gone = state.memory.filter((row) => !rows.has(keyOf(row)));
  const changed = [...rows].filter(([key, columns]) => !same(columns, now.get(key))).map(([, columns]) => columns);
  return [
    ...gone.map(
      ({ columns }) =>
        `DELETE FROM mysql_servers WHERE ${['hostgroup_id', 'hostname', 'port'].map((column) => `${column} = ${literal(column, columns[column] ?? null)}`).join(' AND ')}`,
    ),
    ...replace('mysql_servers', changed),
    ...pairStatements(state),
  ];
}

/** All rows that mysql_servers shall have, by key. */
function rowsToBe(router: ProxysqlRouter, state: ProxysqlState, wanted: readonly Wanted[]): Map<string, Row> {
  const ours = [router.writers, router.readers];
  const running = state.runtime.filter(({ status }) => status !== 'OFFLINE_HARD');
  const rows = new Map<string, Row>();
  for (const row of state.memory) {
    // A row of ours that does not run: parked, moved away by the monitor, or not loaded yet. Whatever it is, it is kept and does not come in.
    if (ours.includes(row.hostgroup)) rows.set(keyOf(row), { ...row.columns, status: 'OFFLINE_HARD' });
    else if (row.status === 'OFFLINE_HARD') rows.set(keyOf(row), row.columns);
  }
  for (const row of running) rows.set(keyOf(row), { ...row.columns, status: asSaid(row) });
  for (const { hostgroup, at, status } of wanted) {
    const key = keyOf({ hostgroup, at });
    const columns = rows.get(key) ?? (status === 'OFFLINE_HARD' ? undefined : twinOf(router, state, at));
    if (columns) rows.set(key, { ...columns, hostgroup_id: String(hostgroup), status });
  }
  return rows;
}

/** A server that is new to a hostgroup takes its weight and limits from the other one, as the monitor does it. */
function twinOf(router: ProxysqlRouter, { runtime, memory }: ProxysqlState, at: string): Row | undefined {
  return [...runtime, ...memory].find(
    (row) => row.at === at && (row.hostgroup === router.writers || row.hostgroup === router.readers),
  )?.columns;
}

const asSaid = ({ status }: ServerRow): string => (status === 'SHUNNED' ? 'ONLINE' : status);

function pairStatements({ pairs }: ProxysqlState): string[] {
  const by = (rows: readonly Row[]) => new Map(rows.map((row) => [row['writer_hostgroup'], row]));
  const [running, memory] = [by(pairs.runtime), by(pairs.memory)];
  return [
    ...[...memory.keys()]
      .filter((writer) => !running.has(writer))
      .map((writer) => `DELETE FROM mysql_replication_hostgroups WHERE writer_hostgroup = ${Number(writer)}`),
    ...replace(
      'mysql_replication_hostgroups',
      [...running].filter(([writer, row]) => !same(row, memory.get(writer))).map(([, row]) => row),
    ),
  ];
}

/**
 * Edits of other people that are begun and not loaded, a sentence each: rows of hostgroups that are not ours in which memory differs
 * from the running state, other than by what the monitor or ProxySQL's own health check has done.
 */
export function draftsIn(router: ProxysqlRouter, state: ProxysqlState, driven: readonly number[]): string[] {
  const ignored = [router.writers, router.readers, ...driven];
  const paired = (a: number, b: number) =>
    state.pairs.runtime.some((row) =>
      [a, b].every((one) => [Number(row['writer_hostgroup']), Number(row['reader_hostgroup'])].includes(one)),
    );
  const moved = (row: ServerRow, others: readonly ServerRow[]) =>
    others.some(
      (other) => other.at === row.at && other.hostgroup !== row.hostgroup && paired(other.hostgroup, row.hostgroup),
    );
  const running = state.runtime.filter(({ status }) => status !== 'OFFLINE_HARD');
  const memory = state.memory.filter(({ status }) => status !== 'OFFLINE_HARD');
  const named = (row: ServerRow) => `${row.at} of hostgroup ${row.hostgroup}`;
  const words = (rows: readonly ServerRow[], others: readonly ServerRow[], what: string) =>
    rows
      .filter(({ hostgroup }) => !ignored.includes(hostgroup))
      .filter((row) => !others.some((other) => keyOf(other) === keyOf(row)) && !moved(row, others))
      .map((row) => `${named(row)} is ${what}`);
  const edited = running
    .filter(({ hostgroup }) => !ignored.includes(hostgroup))
    .filter((row) => {
      const other = memory.find((one) => keyOf(one) === keyOf(row));
      return other && !same({ ...row.columns, status: asSaid(row) }, { ...other.columns, status: asSaid(other) });
    })
    .map((row) => `${named(row)} has other values in mysql_servers`);
  return [
    ...words(memory, running, 'in mysql_servers only'),
    ...words(running, memory, 'not in mysql_servers, or offline there'),
    ...edited,
    ...(pairStatements(state).length > 0 ? ['mysql_replication_hostgroups is not what runs'] : []),
  ];
}

const keyOf = ({ hostgroup, at }: { readonly hostgroup: number; readonly at: string }): string => `${hostgroup}/${at}`;

const same = (a: Row, b: Row | undefined): boolean =>
  b !== undefined &&
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every((column) => (a[column] ?? '') === (b[column] ?? ''));

/** One statement for all rows: another session never sees half of it. */
function replace(table: string, rows: readonly Row[]): string[] {
  const [first] = rows;
  if (!first) return [];
  const columns = Object.keys(first);
  const values = rows.map((row) => `(${columns.map((column) => literal(column, row[column] ?? null)).join(', ')})`);
  return [`REPLACE INTO ${table} (${columns.join(', ')}) VALUES ${values.join(', ')}`];
}

const TEXT = ['hostname', 'status', 'comment', 'check_type'];

function literal(column: string, value: string | null): string {
  if (value === null) return 'NULL';
  return !TEXT.includes(column) && /^-?\d+$/.test(value) ? value : quoteText(value);
}

/** Hostgroups whose servers come and go by a monitor of their own, by the rows of its table. */
export const hostgroupsIn = (rows: readonly Row[]): number[] =>
  rows.flatMap((row) =>
    Object.entries(row)
      .filter(([column]) => column.endsWith('_hostgroup'))
      .map(([, hostgroup]) => Number(hostgroup)),
  );

export const sameRows = (a: readonly Row[], b: readonly Row[]): boolean =>
  a.length === b.length && a.every((row) => b.some((other) => same(row, other)));
