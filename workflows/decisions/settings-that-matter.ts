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

/** Settings in which `next` differs from `now` so that clients would notice. Both need a full look; without one nothing is said. */
export function differences(now: InstanceFacts, next: InstanceFacts): Difference[] {
  const [mine, theirs] = [now.detail?.variables ?? {}, next.detail?.variables ?? {}];
  const told = (name: string, cure: string): Difference => ({
    what: `${name} is ${theirs[name] ?? ''} on ${next.name} and ${mine[name] ?? ''} on ${now.name}`,
    cure,
  });
  const both = (name: string) => mine[name] !== undefined && theirs[name] !== undefined;
  return [
    ...EQUAL.filter((name) => both(name) && mine[name] !== theirs[name]).map((name) =>
      told(name, `SET PERSIST ${name} = '${mine[name] ?? ''}' on ${next.name}`),
    ),
    ...AT_LEAST.filter((name) => both(name) && Number(theirs[name]) < Number(mine[name])).map((name) =>
      told(name, `SET PERSIST ${name} = ${mine[name] ?? ''} on ${next.name}`),
    ),
  ];
}
