import { RELEASES } from './releases';
import { type Found, firstStep, type Rule, type Upgrade } from './finding';

/** At most two releases side by side, and the older one is never the replica. Source: MySQL manual, "Replication Compatibility Between MySQL Versions". */
export const releaseMix: Rule = (upgrade) => [...tooMany(upgrade), ...backwards(upgrade)];

function tooMany(upgrade: Upgrade): Found[] {
  const releases = RELEASES.filter((release) => upgrade.servers.some((server) => server.release === release));
  if (releases.length < 3) return [];
  return [
    {
      check: 'release-mix',
      severity: 'error',
      step: firstStep(upgrade),
      where: upgrade.servers.map(({ name, version }) => `${name} ${version}`).join(', '),
      why: `${releases.join(', ')} in one cluster: replication is supported between two neighbouring releases only`,
      cure: ['-- bring the oldest members to the next release first'],
    },
  ];
}

function backwards(upgrade: Upgrade): Found[] {
  const order = (name: string) =>
    RELEASES.findIndex((release) => release === upgrade.servers.find((one) => one.name === name)?.release);
  return upgrade.servers.flatMap((replica) =>
    replica.channels.flatMap(({ sourceHost, sourcePort }): Found[] => {
      const source = upgrade.cluster.instances.find(({ host, port }) => host === sourceHost && port === sourcePort);
      if (!source || order(source.name) <= order(replica.name)) return [];
      return [
        {
          check: 'release-mix',
          severity: 'error',
          step: firstStep(upgrade),
          instance: replica.name,
          where: `${replica.name} ${replica.version} follows ${source.name}`,
          why: 'its source is of a newer release, which is not supported and breaks at the first new feature; if the source dies, nothing newer can follow this server',
          cure: ['-- upgrade the replica, or let it follow a server of its own release'],
        },
      ];
    }),
  );
}

export const forcedStep: Rule = (upgrade) => {
  const { through, forced } = upgrade.path;
  if (forced === null) return [];
  return [
    {
      check: 'forced-step',
      severity: 'warning',
      step: firstStep(upgrade),
      where: `cluster ${upgrade.cluster.name}`,
      why: `from ${through.join(' to ')} in one step is not supported, neither in place nor by replication; it is forced: ${forced}`,
      cure: [`-- leave --in-one-step out: the precheck then goes by all steps between ${through.join(' and ')}`],
    },
  ];
};

/** What must be of the server's series. Sources: release notes of each tool; the manual for mysqldump and mysqlpump. */
const BACKUP_TOOLS: Readonly<Record<string, string>> = {
  '8.0': 'XtraBackup 8.0 (2.4 cannot read 8.0), mysqldump of the new release, mydumper 0.10, gh-ost 1.1',
  '8.4':
    'XtraBackup 8.4, mysqldump of the new release (mysqlpump is gone), mydumper 0.16 and gh-ost 1.1.7 (older ones send SHOW MASTER STATUS), Percona Toolkit 3.7',
  '9.7': 'XtraBackup of that very series if there is one, else CLONE or mysqldump of the new release',
};

export const backupTools: Rule = ({ path: { through }, cluster }) =>
  through.slice(1).map((release, at): Found => ({
    check: 'backup-tools',
    severity: 'notice',
    step: `${through[at] ?? ''} → ${release}`,
    where: `backups of ${cluster.name}`,
    why: `a backup tool is of one series: it needs ${BACKUP_TOOLS[release] ?? ''}; a backup taken before the upgrade is restored by the old release only`,
    cure: [
      '-- renew the tools on the replica that is upgraded first, and verify a backup there before the primary moves',
    ],
  }));

/** By kind, as the inventory has them. Sources: documentation of ProxySQL, HAProxy and MySQL Router. */
const ROUTERS: Readonly<Record<string, { readonly why: string; readonly cure: string }>> = {
  proxysql: {
    why: 'accounts with caching_sha2_password need ProxySQL 2.6 or later, also the one of its monitor; and it tells clients mysql-server_version, which drivers decide by',
    cure: "UPDATE global_variables SET variable_value = '…the new release…' WHERE variable_name = 'mysql-server_version'; LOAD MYSQL VARIABLES TO RUNTIME; SAVE MYSQL VARIABLES TO DISK",
  },
  haproxy: {
    why: '`option mysql-check user` logs in without a password: its account must exist on the new servers, and leave no failed logins behind (max_connect_errors)',
    cure: 'look at its health checks when the first new replica stands behind it',
  },
  mysqlrouter: {
    why: 'MySQL Router is to be of the release of the newest server behind it',
    cure: 'renew MySQL Router before the servers: a newer one works with older servers',
  },
};

export const routerVersions: Rule = (upgrade) => {
  if (upgrade.path.through.length < 2) return [];
  return upgrade.cluster.routers.flatMap(({ kind, name }): Found[] => {
    const known = ROUTERS[kind];
    if (!known) return [];
    return [
      {
        check: 'router-version',
        severity: 'notice',
        step: firstStep(upgrade),
        where: `${kind} ${name}`,
        why: known.why,
        cure: [`-- on the router: ${known.cure}`],
      },
    ];
  });
};
