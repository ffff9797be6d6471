import { type Lab } from '../../lab';
import { writersOf } from '../../lab/haproxy';
import { type LoadResult } from '../../lab/load';
import { isAlive, stateOf } from '../../lab/processes';
import { replicaState } from './wait';

export interface Expectations {
  /** Who must be the primary now. Default: whoever takes writes, as long as it is exactly one. */
  readonly primary?: string;
  /** Members that a report named as quarantined: they may have more than the primary and follow nobody. */
  readonly quarantined?: readonly string[];
  /** What the clients saw. */
  readonly load?: LoadResult;
  /** uuids in the order in which they were rightly primary, where one was it twice. */
  readonly tenures?: readonly string[];
  /** Acknowledged rows may be missing (durability async, and the report named them). */
  readonly mayLose?: boolean;
  /** Global settings that must be as they were declared, by server: `{ db2: { sync_binlog: '1' } }`. Default: DECLARED. */
  readonly declared?: Readonly<Record<string, string>>;
}

/** What every lab server is configured with and a runbook may change for a while. */
const DECLARED: Readonly<Record<string, string>> = {
  sync_binlog: '1',
  innodb_flush_log_at_trx_commit: '1',
  offline_mode: '0',
  event_scheduler: 'ON',
  rpl_semi_sync_source_wait_for_replica_count: '1',
};

/**
 * The invariants I1, I2, I3, I5 and I6 of an incident, read from the servers that live and from the load. Returns one
 * sentence for each violation; an empty list is the pass. I4 and I7 are read from the run's own report by the test.
 */
export async function violatedInvariants(lab: Lab, expectations: Expectations = {}): Promise<string[]> {
  const living = lab.servers.filter((server) => isAlive(server) && stateOf(server) !== 'T').map(({ name }) => name);
  const writable = await namesWhere(lab, living, 'SELECT @@global.read_only = 0');
  const [primary] = expectations.primary === undefined ? writable : [expectations.primary];
  const found = [
    ...(await oneWriter(lab, writable, expectations)),
    ...(primary === undefined ? [] : await nothingLost(lab, primary, expectations)),
    ...(primary === undefined ? [] : await tree(lab, living, primary, expectations)),
    ...(await settings(lab, living, expectations)),
    ...(primary === undefined ? [] : await subsets(lab, living, primary, expectations)),
  ];
  return found;
}

async function oneWriter(
  lab: Lab,
  writable: readonly string[],
  { primary, load, tenures }: Expectations,
): Promise<string[]> {
  const wrong: string[] = [];
  if (writable.length !== 1) wrong.push(`I1: writable servers are ${writable.join(', ') || 'none'}, not exactly one`);
  else if (primary !== undefined && writable[0] !== primary)
    wrong.push(`I1: ${writable[0] ?? ''} is writable, not ${primary}`);
  if (lab.router && isAlive(lab.router)) {
    const routed = await writersOf(lab.router);
    if (routed.join() !== writable.join()) {
      wrong.push(
        `I1: ${lab.router.name} sends writes to ${routed.join(', ') || 'nobody'}, writable is ${writable.join(', ') || 'nobody'}`,
      );
    }
  }
  for (const tenure of load?.doublePrimaries(tenures) ?? []) {
    const name = lab.servers.find(({ uuid }) => uuid === tenure.by)?.name ?? tenure.by;
    wrong.push(`I1: ${name} acknowledged ${tenure.count} writes after another server had taken over`);
  }
  return wrong;
}

async function nothingLost(lab: Lab, primary: string, { load, mayLose = false }: Expectations): Promise<string[]> {
  if (!load || mayLose) return [];
  const missing = await load.lostOn(primary);
  const examples = missing.slice(0, 3).map(({ writer, sequence }) => `${writer}/${sequence}`);
  return missing.length === 0
    ? []
    : [
        `I2: ${missing.length} of ${load.acknowledged.length} acknowledged writes are not on ${primary}, such as ${examples.join(', ')}`,
      ];
}

/** Every living member but the primary replicates, with both threads, from a living member of the lab. */
async function tree(
  lab: Lab,
  living: readonly string[],
  primary: string,
  { quarantined = [] }: Expectations,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of living.filter((each) => !quarantined.includes(each))) {
    const state = await replicaState(lab, name);
    if (name === primary) {
      if (state && state.receiver !== 'No') wrong.push(`I3: the primary ${name} still receives from ${state.source}`);
      continue;
    }
    if (!state) wrong.push(`I3: ${name} follows nobody`);
    else if (!living.includes(state.source))
      wrong.push(`I3: ${name} follows ${state.source}, which is not a living member`);
    else if (state.receiver !== 'Yes' || state.applier !== 'Yes') {
      wrong.push(`I3: ${name} has receiver ${state.receiver}, applier ${state.applier} ${state.receiverError}`.trim());
    }
  }
  return wrong;
}

async function settings(lab: Lab, living: readonly string[], { declared = DECLARED }: Expectations): Promise<string[]> {
  const names = Object.keys(declared);
  const columns = names.map((name) => `@@global.${name} AS ${name}`).join(', ');
  const perServer = await Promise.all(
    living.map(async (server) => {
      const [row] = await lab.rows(server, `SELECT ${columns}`);
      return names
        .filter((name) => String(row?.[name]) !== declared[name])
        .map((name) => `I5: ${server} has ${name} = ${String(row?.[name])}, declared is ${declared[name] ?? ''}`);
    }),
  );
  return perServer.flat();
}

/** The primary is asked last, so that a transaction on its way to a replica is not mistaken for an errant one. */
async function subsets(
  lab: Lab,
  living: readonly string[],
  primary: string,
  { quarantined = [] }: Expectations,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of living.filter((each) => each !== primary && !quarantined.includes(each))) {
    const executed = String(await lab.value(name, 'SELECT @@global.gtid_executed'));
    const more = await lab.value(primary, 'SELECT GTID_SUBTRACT(?, @@global.gtid_executed)', [executed]);
    if (more !== '') wrong.push(`I6: ${name} has ${String(more)}, which the primary ${primary} has not`);
  }
  return wrong;
}

async function namesWhere(lab: Lab, names: readonly string[], question: string): Promise<string[]> {
  const answers = await Promise.all(names.map((name) => lab.value(name, question)));
  return names.filter((_, index) => String(answers[index]) === '1');
}
