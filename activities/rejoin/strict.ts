import { type Mysql } from '../mysql/mysql';

export interface ApplierSettings {
  /** Global variables by their present names. */
  readonly variables: Readonly<Record<string, string>>;
  /** Global replication filters: they apply to every channel, ours too. */
  readonly filters: readonly string[];
}

const NAMES = [
  'replica_exec_mode',
  'replica_skip_errors',
  'replica_parallel_workers',
  'replica_preserve_commit_order',
  'binlog_format',
] as const;

/** Before 8.0.26 the same settings had another name. */
const oldName = (name: string): string => name.replace('replica_', 'slave_');

export async function readApplierSettings(server: Mysql): Promise<ApplierSettings> {
  const wanted = NAMES.flatMap((name) => [name, oldName(name)]);
  const rows = await server.rows<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${wanted.map(() => '?').join(', ')})`,
    wanted,
  );
  const values = new Map(rows.map((row) => [row.Variable_name, row.Value]));
  const filters = await server.rows<{ filter: string }>(
    "SELECT CONCAT(FILTER_NAME, '=', FILTER_RULE) AS filter FROM performance_schema.replication_applier_global_filters",
  );
  return {
    variables: Object.fromEntries(NAMES.map((name) => [name, values.get(name) ?? values.get(oldName(name)) ?? ''])),
    filters: filters.map(({ filter }) => filter),
  };
}

/** Why this server would get over a conflict, or leave gaps behind one; null when it would not. */
export function whyNotStrict({ variables, filters }: ApplierSettings): string | null {
  const { replica_exec_mode: mode, replica_skip_errors: skipped } = variables;
  if (mode !== 'STRICT')
    return `replica_exec_mode is ${mode || 'not known'}: it would overwrite a row that is in the way`;
  if (skipped !== 'OFF') return `replica_skip_errors is ${skipped || 'not known'}: it would skip what conflicts`;
  if (
    Number(variables['replica_parallel_workers']) > 1 &&
    !/^(ON|1)$/.test(variables['replica_preserve_commit_order'] ?? '')
  )
    return 'replica_preserve_commit_order is OFF: what comes after a conflict could be applied';
  if (variables['binlog_format'] !== 'ROW')
    return 'binlog_format is not ROW: its own statements would do something else where these rows are';
  if (filters.length > 0) return `it has replication filters (${filters.join(', ')}): rows would be left out silently`;
  return null;
}
