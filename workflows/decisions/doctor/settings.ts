import { channelOf } from '../facts';
import {
  type Finding,
  onEach,
  type Patient,
  type Rule,
  setForGood,
  setForNextStart,
  setting,
  type Severity,
  withApplierStopped,
} from './finding';

/** One variable with one right value. Table: what it must be, how bad it is otherwise, and what that means. */
interface Wanted {
  readonly name: string;
  readonly value: string;
  /** Other values that are as good. */
  readonly orElse?: readonly string[];
  readonly severity: Severity;
  /** log_bin cannot be persisted by SQL. */
  readonly when: 'now' | 'at next start' | 'in the option file';
  readonly why: string;
  readonly manual: string;
}

const WANTED: readonly Wanted[] = [
  {
    name: 'log_bin',
    value: 'ON',
    severity: 'bad',
    when: 'in the option file',
    why: 'without a binary log this server can never be a source, so it can neither be promoted nor give away what it alone received',
    manual: 'Binary Logging Options and Variables',
  },
  {
    name: 'gtid_mode',
    value: 'ON',
    severity: 'bad',
    when: 'now',
    why: 'positions of different servers cannot be compared without GTIDs: no failover will be attempted',
    manual: 'Enabling GTID Transactions Online',
  },
  {
    name: 'enforce_gtid_consistency',
    value: 'ON',
    severity: 'bad',
    when: 'now',
    why: 'a statement that cannot be logged with a GTID would break replication in the middle of the night',
    manual: 'Restrictions on Replication with GTIDs',
  },
  {
    name: 'log_replica_updates',
    value: 'ON',
    severity: 'bad',
    when: 'at next start',
    why: 'what it applied is not in its binary log, so after its promotion the others cannot get it from there (error 1236)',
    manual: 'Replica Server Options and Variables',
  },
  {
    name: 'binlog_format',
    value: 'ROW',
    severity: 'bad',
    when: 'now',
    why: 'statements may change other rows on a replica than on the primary, and then the promoted data is not the data that was acknowledged',
    manual: 'Replication Formats',
  },
  {
    name: 'sync_binlog',
    value: '1',
    severity: 'bad',
    when: 'now',
    why: 'after a crash of the host the newest transactions are missing from its binary log although replicas may have them: it cannot rejoin',
    manual: 'Binary Logging Options and Variables',
  },
  {
    name: 'innodb_flush_log_at_trx_commit',
    value: '1',
    severity: 'bad',
    when: 'now',
    why: 'after a crash of the host up to a second of acknowledged commits is gone',
    manual: 'InnoDB Startup Options and System Variables',
  },
  {
    name: 'relay_log_recovery',
    value: 'ON',
    severity: 'warn',
    when: 'at next start',
    why: 'a replica that crashed may start from a torn relay log and stop with an error when it is needed most',
    manual: 'Handling an Unexpected Halt of a Replica',
  },
  {
    name: 'replica_preserve_commit_order',
    value: 'ON',
    severity: 'warn',
    when: 'now',
    why: 'a replica that is promoted while it applies in parallel may have gaps in its GTID set, and readers see states that never were',
    manual: 'Replica Server Options and Variables',
  },
  {
    name: 'offline_mode',
    value: 'OFF',
    severity: 'warn',
    when: 'now',
    why: 'clients are thrown out, so a promotion of this server ends with writes that no client can make',
    manual: 'Server System Variables',
  },
];

const is = (value: string, wanted: string): boolean =>
  value.toUpperCase() === wanted || (wanted === 'ON' && value === '1') || (wanted === 'OFF' && value === '0');

function judge(patient: Patient, wanted: Wanted): Omit<Finding, 'instance'>[] {
  const value = setting(patient, wanted.name);
  if (wanted.name === 'replica_preserve_commit_order' && Number(setting(patient, 'replica_parallel_workers') ?? 0) < 2)
    return [];
  // A server that does not know the variable either always behaves so (9.x and binlog_format) or cannot be helped by SQL.
  if (value === undefined || [wanted.value, ...(wanted.orElse ?? [])].some((good) => is(value, good))) return [];
  const { severity, why, manual } = wanted;
  const fix = fixFor(patient, wanted, value);
  return [{ severity, what: `${wanted.name} is ${value}, not ${wanted.value}`, why, fix, manual }];
}

function fixFor(patient: Patient, { name, value: wanted, when }: Wanted, value: string): string[] {
  if (name === 'replica_preserve_commit_order' && channelOf(patient))
    return withApplierStopped(patient, setForGood(patient, name, wanted));
  if (name === 'gtid_mode') {
    return [
      `-- now: ${value}; one step at a time, each on every server before the next: OFF → OFF_PERMISSIVE → ON_PERMISSIVE → ON`,
    ];
  }
  if (when === 'in the option file')
    return [
      `-- in the [mysqld] part of my.cnf, then restart: ${name === 'log_bin' ? 'log_bin = binlog' : `${name} = ${wanted}`}`,
    ];
  return when === 'now' ? setForGood(patient, name, wanted) : setForNextStart(patient, name, wanted);
}

export const settings: Rule = onEach((patient) => WANTED.flatMap((wanted) => judge(patient, wanted)));
