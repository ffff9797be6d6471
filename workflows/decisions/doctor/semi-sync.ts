import {
  type Finding,
  type Fleet,
  type Patient,
  type Rule,
  setForGood,
  setting,
  restartReceiver,
  speaksOldWords,
} from './finding';

/** Longer than this no commit would ever wait: the way to say "never fall back". */
const ENDLESS_MS = 86_400_000;
const MANUAL = 'Semisynchronous Replication';
type Found = Omit<Finding, 'instance'>;

/** Semi-sync against the declared durability. Every member is judged as a possible primary, for tonight it may be one. */
export const semiSync: Rule = (fleet) => {
  if (fleet.cluster.durability === 'async') return [];
  const members = fleet.patients.flatMap((patient) =>
    judgeMember(patient, fleet).map((found) => ({ ...found, instance: patient.name })),
  );
  return [...members, ...enoughAcknowledgers(fleet)];
};

function judgeMember(patient: Patient, fleet: Fleet): Found[] {
  const { semiSync: facts } = patient;
  if (!facts.sourceInstalled || !facts.replicaInstalled) return [pluginMissing(patient, fleet)];
  const role = patient.name === fleet.primary ? judgePrimary(patient) : judgeReplica(patient);
  return [...role, ...judgeAsSource(patient, fleet)];
}

function pluginMissing(patient: Patient, { cluster }: Fleet): Found {
  const old = speaksOldWords(patient) || patient.version.startsWith('8.0.2');
  const [source, replica] = old ? ['master', 'slave'] : ['source', 'replica'];
  return {
    severity: 'bad',
    what: 'the semi-sync plugins are not both installed',
    why: `the cluster promises ${cluster.durability}, and this server can ${patient.semiSync.sourceInstalled ? 'not acknowledge' : 'not keep that promise as a primary'}`,
    fix: [
      ...(patient.semiSync.sourceInstalled
        ? []
        : [`INSTALL PLUGIN rpl_semi_sync_${source} SONAME 'semisync_${source}.so';`]),
      ...(patient.semiSync.replicaInstalled
        ? []
        : [`INSTALL PLUGIN rpl_semi_sync_${replica} SONAME 'semisync_${replica}.so';`]),
    ],
    manual: 'Installing Semisynchronous Replication',
  };
}

function judgePrimary(patient: Patient): Found[] {
  const { sourceEnabled, sourceActive, unacknowledged } = patient.semiSync;
  if (!sourceEnabled) {
    return [
      {
        severity: 'bad',
        what: 'it is the primary and semi-sync is off',
        why: 'commits are acknowledged to clients that no replica has: they die with this server',
        fix: setForGood(patient, 'rpl_semi_sync_source_enabled', '1'),
        manual: MANUAL,
      },
    ];
  }
  if (!sourceActive) {
    return [
      {
        severity: 'bad',
        what: 'semi-sync has fallen back: commits wait for nobody now',
        why: 'should this server die now, acknowledged commits may be lost, and nobody can prove that they are not',
        fix: [
          '-- find out why no replica acknowledges: receivers stopped, network, or the replica side of semi-sync off',
        ],
        manual: 'Semisynchronous Replication Monitoring',
      },
    ];
  }
  if (unacknowledged === 0) return [];
  return [
    {
      severity: 'note',
      what: `${unacknowledged} commits since its start were acknowledged by nobody`,
      why: 'semi-sync has fallen back at least once, so the promise did not hold at all times',
      fix: [],
      manual: 'Semisynchronous Replication Monitoring',
    },
  ];
}

function judgeReplica(patient: Patient): Found[] {
  if (patient.semiSync.replicaEnabled) return [];
  return [
    {
      severity: 'warn',
      what: 'it acknowledges nothing: the replica side of semi-sync is off',
      why: 'one acknowledger fewer: when the others are away the primary waits or falls back',
      fix: [
        ...setForGood(patient, 'rpl_semi_sync_replica_enabled', '1'),
        '-- the receiver asks for semi-sync when it connects',
        ...restartReceiver(patient),
      ],
      manual: MANUAL,
    },
  ];
}

/** Settings of the source side, which matter on whoever is the primary tomorrow. */
function judgeAsSource(patient: Patient, { cluster }: Fleet): Found[] {
  const { timeoutMs, waitForReplicaCount, waitNoReplica } = patient.semiSync;
  const found: Found[] = [];
  const lossless = cluster.durability === 'lossless';
  if (lossless && timeoutMs < ENDLESS_MS) {
    found.push({
      severity: 'bad',
      what: `rpl_semi_sync_source_timeout is ${timeoutMs} ms, but the cluster promises lossless`,
      why: `cut off from its replicas it goes on acknowledging after ${timeoutMs} ms, and a failover makes those commits disappear`,
      fix: setForGood(patient, 'rpl_semi_sync_source_timeout', '4294967295'),
      manual: MANUAL,
    });
  }
  if (lossless && !waitNoReplica) {
    found.push({
      severity: 'bad',
      what: 'rpl_semi_sync_source_wait_no_replica is OFF, but the cluster promises lossless',
      why: 'it stops waiting as soon as its last acknowledger goes away, which is just what a partition looks like',
      fix: setForGood(patient, 'rpl_semi_sync_source_wait_no_replica', 'ON'),
      manual: MANUAL,
    });
  }
  if (!lossless && timeoutMs < 1000) {
    found.push({
      severity: 'warn',
      what: `rpl_semi_sync_source_timeout is ${timeoutMs} ms`,
      why: 'a short pause of the network is enough to fall back, and from then on commits are acknowledged by the primary alone',
      fix: setForGood(patient, 'rpl_semi_sync_source_timeout', '10000'),
      manual: MANUAL,
    });
  }
  if (waitForReplicaCount < 1) return found;
  if (setting(patient, 'rpl_semi_sync_source_wait_point') === 'AFTER_COMMIT') {
    found.push({
      severity: 'bad',
      what: 'rpl_semi_sync_source_wait_point is AFTER_COMMIT',
      why: 'other clients see a row before any replica has it; after a failover they have seen something that never was',
      fix: setForGood(patient, 'rpl_semi_sync_source_wait_point', "'AFTER_SYNC'"),
      manual: MANUAL,
    });
  }
  return found;
}

function enoughAcknowledgers({ cluster, patients, primary }: Fleet): Finding[] {
  const head = patients.find(({ name }) => name === primary);
  if (!head?.semiSync.sourceEnabled) return []; // told already
  const { acknowledgers, waitForReplicaCount } = head.semiSync;
  const spare = acknowledgers - waitForReplicaCount;
  const at = { instance: head.name, manual: MANUAL, fix: [] };
  if (spare < 0) {
    return [
      {
        ...at,
        severity: 'bad',
        what: `${acknowledgers} replicas acknowledge, commits wait for ${waitForReplicaCount}`,
        why:
          cluster.durability === 'lossless'
            ? 'every write waits without end'
            : 'every write waits for the timeout, then nothing is promised any more',
      },
    ];
  }
  if (spare > 0) return [];
  return [
    {
      ...at,
      severity: 'warn',
      what: `${acknowledgers} replicas acknowledge, just as many as commits wait for`,
      why: `when one of them restarts, writes ${cluster.durability === 'lossless' ? 'stop' : 'lose their promise'}`,
    },
  ];
}
