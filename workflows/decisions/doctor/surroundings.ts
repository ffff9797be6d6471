import { type Finding, onEach, type Rule, setForGood, setting } from './finding';
import { unreadable } from '../facts';

const SKEW_MS = 500;
const RETENTION_DAYS = 1;

export const unreadableMembers: Rule = ({ snapshot }) =>
  unreadable(snapshot.members).map(({ name, reason, detail }): Finding => ({
    severity: 'bad',
    instance: name,
    what: `it could not be read (${reason}): ${detail}`,
    why: 'a failover would have to decide without it',
    fix: [],
    manual: 'Problems and Common Errors',
  }));

export const clockSkew: Rule = onEach((patient) => {
  const { clockSkewMs } = patient.detail;
  if (Math.abs(clockSkewMs) < SKEW_MS) return [];
  const ahead = clockSkewMs > 0 ? 'ahead of' : 'behind';
  return [
    {
      severity: Math.abs(clockSkewMs) > 5000 ? 'bad' : 'warn',
      what: `its clock is ${Math.abs(clockSkewMs)} ms ${ahead} this worker's`,
      why: 'lag measured by heartbeat rows is wrong by as much, and point-in-time recovery stops at the wrong moment',
      fix: ['-- repair NTP or chrony on the host'],
      manual: 'Replication and Time Zones',
    },
  ];
});

export const retention: Rule = onEach((patient) => {
  const { variables } = patient.detail;
  const seconds =
    Number(variables['binlog_expire_logs_seconds'] ?? 0) || Number(variables['expire_logs_days'] ?? 0) * 86_400;
  const never = seconds === 0 || variables['binlog_expire_logs_auto_purge'] === 'OFF';
  if (never || seconds >= RETENTION_DAYS * 86_400) return [];
  return [
    {
      severity: 'warn',
      what: `binary logs are purged after ${Math.round(seconds / 360) / 10} h`,
      why: 'a replica that was away for longer cannot catch up from here and must be rebuilt',
      fix:
        patient.release === '5.7'
          ? setForGood(patient, 'expire_logs_days', '7')
          : setForGood(patient, 'binlog_expire_logs_seconds', '604800'),
      manual: 'Binary Logging Options and Variables (binlog_expire_logs_seconds)',
    },
  ];
});

export const clonePlugin: Rule = onEach((patient) => {
  if (patient.detail.plugins.includes('clone')) return [];
  const [major = 0, minor = 0, patch = 0] = patient.version.split('.').map((part) => Number.parseInt(part, 10));
  if (major < 8 || (major === 8 && minor === 0 && patch < 17)) return []; // this release has none
  return [
    {
      severity: 'note',
      what: 'the CLONE plugin is not loaded',
      why: 'rebuilding a replica from here then takes a backup and hours instead of one statement',
      fix: ["INSTALL PLUGIN clone SONAME 'mysql_clone.so';"],
      manual: 'Installing the Clone Plugin',
    },
  ];
});

/** Only where replicas are to be made: elsewhere nobody asks for it. */
export const startedByNobody: Rule = ({ cluster }) =>
  cluster.provisioning === undefined
    ? []
    : cluster.instances
        .filter(({ control }) => control === undefined)
        .map(({ name }): Finding => ({
          severity: 'note',
          instance: name,
          what: 'nothing in the inventory starts its server',
          why: 'CLONE ends a server that no supervisor watches, and the new replica waits for a person to start it',
          fix: ['-- inventory: control: { kind: ssh, destination: mysql@<host>, unit: mysql }'],
          manual: 'Cloning Remote Data',
        }));

export const nonInnodb: Rule = onEach(({ detail: { nonInnodbTables: tables } }) => {
  if (tables.length === 0) return [];
  const more = tables.length >= 50 ? ' and more' : '';
  return [
    {
      severity: 'warn',
      what: `tables that are not InnoDB: ${tables.slice(0, 5).join(', ')}${tables.length > 5 ? ` … ${tables.length} in all${more}` : ''}`,
      why: 'a crash tears them, a transaction cannot be taken back in them, and copies of them differ without any GTID to show it',
      fix: tables
        .slice(0, 5)
        .map((table) => `ALTER TABLE ${quoted(table)} ENGINE = InnoDB; -- on the primary: it replicates`),
      manual: 'Converting Tables from MyISAM to InnoDB',
    },
  ];
});

/** `schema.table (Engine)` as the facts have it. */
const quoted = (table: string): string =>
  table
    .replace(/ \([^)]*\)$/, '')
    .split('.')
    .map((part) => `\`${part.replaceAll('`', '``')}\``)
    .join('.');

export const ourTables: Rule = ({ patients, primary, cluster, createTables }) => {
  const head = patients.find(({ name }) => name === primary) ?? patients[0];
  if (!head) return [];
  const at = {
    instance: head.name,
    fix: createTables.map((statement) => `${statement};`),
    manual: 'CREATE TABLE Statement',
  };
  const missing: Finding[] = [];
  if (!head.heartbeat) {
    missing.push({
      ...at,
      severity: 'bad',
      what: `no heartbeat row in ${cluster.schema}.heartbeat`,
      why: 'neither a full disk nor a stalled one is noticed without a probe that commits, and lag cannot be told from silence',
    });
  }
  if (!head.epoch) {
    missing.push({
      ...at,
      severity: 'note',
      what: `no promotion is recorded in ${cluster.schema}.epoch`,
      why: 'an old primary that wakes up is then known only by who copies from whom; the first promotion by a runbook writes the row',
    });
  }
  return missing;
};

export const transport: Rule = ({ cluster, patients }) => {
  if (cluster.tls.mode.startsWith('verify')) return [];
  const off = cluster.tls.mode === 'off';
  const loopback = cluster.instances.every(
    ({ host }) => host === '127.0.0.1' || host === 'localhost' || host === '::1',
  );
  if (loopback || patients.length === 0) return [];
  return [
    {
      severity: off ? 'warn' : 'note',
      instance: cluster.name,
      what: off ? 'connections are not encrypted' : "the servers' certificates are not checked",
      why: off
        ? 'the admin account, which can fence and repoint, travels where others can listen'
        : 'somebody between us and a server can pass for it and learn the admin password',
      fix: ['-- inventory: tls: { mode: verify, ca: <file> }'],
      manual: 'Using Encrypted Connections',
    },
  ];
};

export const adminPort: Rule = onEach((patient, { cluster }) => {
  const declared = cluster.instances.find(({ name }) => name === patient.name)?.adminPort;
  const has = setting(patient, 'admin_port');
  if (declared !== undefined || has === undefined || patient.release === '5.7') return [];
  return [
    {
      severity: 'note',
      what: 'no adminPort is declared for it',
      why: 'when max_connections is exhausted the runbooks stand outside, just when somebody asks whether it is alive',
      fix: ['-- my.cnf: admin_address = <address of this host>; then adminPort in the inventory'],
      manual: 'Administrative Connection Management',
    },
  ];
});
