import { unreadable } from '../facts';
import { type Finding, type Fleet, type Patient, type Rule } from './finding';

/** Server ids and uuids must be unique: the source drops the first of two replicas that have the same. */
export const uniqueIds: Rule = ({ patients }) => [
  ...shared(
    patients,
    ({ serverId }) => String(serverId),
    (patient, value, others) => ({
      severity: 'bad',
      instance: patient.name,
      what: `server_id ${value} is also that of ${others}`,
      why: 'a replica ignores what a server of its own id wrote, so transactions are missing after a switch without any error',
      fix: ['SET PERSIST server_id = <a number of its own>;'],
      manual: 'Replication and Binary Logging Options and Variables (server_id)',
    }),
  ),
  ...shared(
    patients,
    ({ serverUuid }) => serverUuid,
    (patient, value, others) => ({
      severity: 'bad',
      instance: patient.name,
      what: `server_uuid ${value} is also that of ${others}`,
      why: 'their GTIDs collide, and two such replicas throw each other off their source again and again',
      fix: ['-- stop mysqld, delete auto.cnf in its data directory, start it: it makes a new uuid'],
      manual: 'Replication and Binary Logging Options and Variables (server_uuid)',
    }),
  ),
  ...patients
    .filter(({ serverId }) => serverId === 0)
    .map((patient): Finding => ({
      severity: 'bad',
      instance: patient.name,
      what: 'server_id is 0',
      why: 'it refuses to be a replica and refuses every replica',
      fix: ['SET PERSIST server_id = <a number of its own>;'],
      manual: 'Replication and Binary Logging Options and Variables (server_id)',
    })),
];

/** A replica that the inventory does not know acknowledges commits, but no runbook stops it, compares it or moves it. */
export const strangers: Rule = ({ patients, snapshot, cluster }) => {
  if (unreadable(snapshot.members).length > 0) return []; // one of them may be the replica in question
  const known = new Set(patients.map(({ serverUuid }) => serverUuid));
  return patients.flatMap((patient) =>
    patient.feeds
      .filter((uuid) => uuid !== '' && !known.has(uuid))
      .map((uuid): Finding => ({
        severity: cluster.durability === 'async' ? 'note' : 'bad',
        instance: patient.name,
        what: `it feeds a replica that is not in the inventory, server_uuid ${uuid}`,
        why:
          cluster.durability === 'async'
            ? 'a failover does not move it: it will go on copying from the old primary'
            : 'it may alone have acknowledged a commit, and it may keep a primary writable that everybody else has left',
        fix: ['-- add it to the inventory, or take its semi-sync away: SET PERSIST rpl_semi_sync_replica_enabled = 0'],
        manual: 'Semisynchronous Replication Monitoring',
      })),
  );
};

function shared(
  patients: readonly Patient[],
  key: (patient: Patient) => string,
  found: (patient: Patient, value: string, others: string) => Finding,
): Finding[] {
  return patients.flatMap((patient) => {
    const others = patients.filter((other) => other !== patient && key(other) === key(patient)).map(({ name }) => name);
    return others.length === 0 || key(patient) === '0' ? [] : [found(patient, key(patient), others.join(', '))];
  });
}

/** A replica may be newer than its source, never older. */
export const versionMix: Rule = ({ patients, primary, cluster }: Fleet) => {
  const releases = [...new Set(patients.map(({ release }) => release))].sort(byNumber);
  const head = patients.find(({ name }) => name === primary);
  if (releases.length < 2 || !head) return [];
  const newer = patients.filter(({ release }) => byNumber(head.release, release) < 0);
  const older = patients.filter(({ release }) => byNumber(release, head.release) < 0);
  const found: Finding[] = [];
  const manual = 'Replication Compatibility Between MySQL Versions';
  if (releases.length > 2) {
    found.push({
      severity: 'warn',
      instance: cluster.name,
      what: `three release series side by side: ${releases.join(', ')}`,
      why: 'replication is supported between neighbouring series only',
      fix: [],
      manual,
    });
  }
  for (const one of older) {
    found.push({
      // An upgrade keeps its way back so, and watches it.
      severity: cluster.upgrade === undefined ? 'bad' : 'warn',
      instance: one.name,
      what: `${one.version} replicates from a newer source, ${head.version}`,
      why: 'it may stop at any statement that it does not know',
      fix: ['-- upgrade it'],
      manual,
    });
  }
  for (const one of newer) {
    found.push({
      severity: 'warn',
      instance: one.name,
      what: `${one.version} is newer than the primary, ${head.version}`,
      why: 'once it is promoted the older servers cannot follow it, and there is no way back',
      fix: ['-- finish the upgrade, or set its promotion rule to prefer_not until then'],
      manual,
    });
  }
  return found;
};

const byNumber = (a: string, b: string): number => Number(a) - Number(b);
