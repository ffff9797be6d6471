import { type Cluster } from '../cluster';
import { type RouterView } from '../evidence';
import { type ClusterSnapshot, type InstanceDetail, type InstanceFacts, readable } from '../facts';
import { primaryOf } from '../topology';

/** `bad`: a failover will lose data, stop or take minutes. `warn`: it will be worse than it need be. `note`: know it. */
export type Severity = 'bad' | 'warn' | 'note';

export interface Finding {
  readonly severity: Severity;
  /** Inventory name of the instance, or the cluster's name where the finding is about all of them. */
  readonly instance: string;
  readonly what: string;
  /** What it means at 3 a.m., in one sentence. */
  readonly why: string;
  /** Statements (or a comment line that starts with `--`) in the order to run them on that instance; empty: nothing to paste. */
  readonly fix: readonly string[];
  /** Section of the MySQL manual. */
  readonly manual: string;
}

/** A member that a full look could read. */
export interface Patient extends InstanceFacts {
  readonly detail: InstanceDetail;
}

/** What is not in the snapshot. */
export interface Surroundings {
  /** Statements that make the heartbeat and epoch tables, for the fix of a fleet that has none; the layer that knows SQL hands them in. */
  readonly createTables?: readonly string[];
  readonly routers?: readonly RouterView[];
}

export interface Fleet extends Required<Surroundings> {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly primary: string | null;
  readonly patients: readonly Patient[];
}

export type Rule = (fleet: Fleet) => readonly Finding[];

export const fleetOf = (snapshot: ClusterSnapshot, cluster: Cluster, surroundings: Required<Surroundings>): Fleet => ({
  ...surroundings,
  cluster,
  snapshot,
  primary: primaryOf(snapshot, cluster).primary,
  patients: readable(snapshot.members).flatMap((member) =>
    member.detail ? [{ ...member, detail: member.detail }] : [],
  ),
});

/** A rule that looks at one member at a time. */
export const onEach =
  (judge: (patient: Patient, fleet: Fleet) => readonly Omit<Finding, 'instance'>[]): Rule =>
  (fleet) =>
    fleet.patients.flatMap((patient) => judge(patient, fleet).map((found) => ({ ...found, instance: patient.name })));

/** Names of 8.0.26+ and what they were before. */
const formerly = (name: string): string => name.replace('source', 'master').replaceAll('replica', 'slave');

/** A global variable by its new name, wherever the server still has the old one; undefined when it has neither. */
export const setting = ({ detail }: Patient, name: string): string | undefined =>
  detail.variables[name] ?? detail.variables[formerly(name)];

export const settingAtBoot = ({ detail }: Patient, name: string): string | undefined =>
  detail.atBoot[name] ?? detail.atBoot[formerly(name)];

/** The name that this server knows the variable by. */
export const nameHere = ({ detail }: Patient, name: string): string =>
  name in detail.variables || !(formerly(name) in detail.variables) ? name : formerly(name);

/** SET PERSIST survives a restart; 5.7 has no such thing. */
export const setForGood = (patient: Patient, name: string, value: string): string[] => {
  const known = nameHere(patient, name);
  return patient.release === '5.7'
    ? [`SET GLOBAL ${known} = ${value};`, `-- and in the [mysqld] part of my.cnf: ${known} = ${value}`]
    : [`SET PERSIST ${known} = ${value};`];
};

/** Read only at start: persisted for the next one. */
export const setForNextStart = (patient: Patient, name: string, value: string): string[] => {
  const known = nameHere(patient, name);
  return patient.release === '5.7'
    ? [`-- in the [mysqld] part of my.cnf, then restart: ${known} = ${value}`]
    : [`SET PERSIST_ONLY ${known} = ${value};`, '-- takes effect at the next restart'];
};

export const speaksOldWords = ({ version }: Patient): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major < 8 || (major === 8 && minor === 0 && patch < 23);
};

const restart = (patient: Patient, thread: string): string[] => {
  const copier = `${speaksOldWords(patient) ? 'SLAVE' : 'REPLICA'} ${thread}`;
  return [`STOP ${copier};`, `START ${copier};`];
};

/** For settings that a receiver reads when it starts. Nothing received is lost: the applier goes on, the relay log stays. */
export const restartReceiver = (patient: Patient): string[] => restart(patient, 'IO_THREAD');

/** Around a statement that the server refuses while the applier runs. */
export function withApplierStopped(patient: Patient, statements: readonly string[]): string[] {
  const [stop = '', start = ''] = restart(patient, 'SQL_THREAD');
  return [stop, ...statements, start];
}
