import { type InstanceFacts } from './facts';

interface Difference {
  readonly what: string;
  readonly cure: string;
}

/** The same statement means the same on both, and what clients need is there. */
const EQUAL = [
  'sql_mode',
  'lower_case_table_names',
  'time_zone',
  'character_set_server',
  'collation_server',
  'transaction_isolation',
  'tx_isolation',
  'binlog_format',
];
/** Less than the old primary has means clients that are turned away, or a server that crawls. */
const AT_LEAST = ['max_connections', 'max_allowed_packet', 'innodb_buffer_pool_size'];

/** Modes that 8.0 knows no more: a server that lacks them does nothing else. Source: MySQL 8.0 manual, "Server SQL Modes". */
const GONE = /^(NO_AUTO_CREATE_USER|DB2|MAXDB|MSSQL|MYSQL323|MYSQL40|ORACLE|POSTGRESQL|NO_(FIELD|KEY|TABLE)_OPTIONS)$/;

type Variables = Readonly<Record<string, string>>;

/** Settings as both releases can have them. */
const common = (variables: Variables): Variables => {
  const { sql_mode: modes, ...others } = variables;
  if (modes === undefined) return others;
  return {
    ...others,
    sql_mode: modes
      .split(',')
      .filter((mode) => !GONE.test(mode))
      .join(),
  };
};

/** Settings in which `next` differs from `now` so that clients would notice. Both need a full look; without one nothing is said. */
export function differences(now: InstanceFacts, next: InstanceFacts): Difference[] {
  const [mine, theirs] = [now.detail?.variables ?? {}, next.detail?.variables ?? {}];
  const told = (name: string, cure: string): Difference => ({
    what: `${name} is ${theirs[name] ?? ''} on ${next.name} and ${mine[name] ?? ''} on ${now.name}`,
    cure,
  });
  const both = (name: string) => mine[name] !== undefined && theirs[name] !== undefined;
  const [wanted, given] = now.release === next.release ? [mine, theirs] : [common(mine), common(theirs)];
  return [
    ...EQUAL.filter((name) => both(name) && wanted[name] !== given[name]).map((name) =>
      told(name, `SET PERSIST ${name} = '${wanted[name] ?? ''}' on ${next.name}`),
    ),
    ...AT_LEAST.filter((name) => both(name) && Number(theirs[name]) < Number(mine[name])).map((name) =>
      told(name, `SET PERSIST ${name} = ${mine[name] ?? ''} on ${next.name}`),
    ),
  ];
}
