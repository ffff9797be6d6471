import { type ChannelSettings, type ServerSettings } from './facts';
import { type Found, onEachServer } from './finding';
import { releaseNumber } from './releases';
import { literal } from './sql-text';

type Told = Omit<Found, 'instance'>;

/** Words that this server knows: renamed in 8.0.22 and 8.0.23. */
const words = ({ version }: ServerSettings) =>
  releaseNumber(version) >= 80_023
    ? { copier: 'REPLICA', change: 'CHANGE REPLICATION SOURCE TO SOURCE', key: 'GET_SOURCE_PUBLIC_KEY' }
    : { copier: 'SLAVE', change: 'CHANGE MASTER TO MASTER', key: 'GET_MASTER_PUBLIC_KEY' };

const onChannel = ({ name }: ChannelSettings): string => (name === '' ? '' : ` FOR CHANNEL ${literal(name)}`);

export const replicationSettings = onEachServer((server, meets) => {
  const any = meets(80_000) ?? meets(80_400) ?? meets(90_700);
  if (any === null) return [];
  return [
    ...repositories(server, meets(80_300)),
    ...rowFormat(server, any),
    ...gtids(server, any),
    ...positions(server, any),
  ];
});

/** Where a replica keeps its positions. Source: MySQL 8.0 manual, "Relay Log and Replication Metadata Repositories". */
function repositories(server: ServerSettings, step: string | null): Told[] {
  const inFiles = ['master_info_repository', 'relay_log_info_repository'].filter(
    (name) => server.variables[name] === 'FILE',
  );
  if (step === null || inFiles.length === 0 || server.channels.length === 0) return [];
  const { copier } = words(server);
  return [
    {
      check: 'replication-settings',
      severity: 'warning',
      step,
      where: inFiles.map((name) => `${name} = FILE`).join(', '),
      why: 'positions are kept in files, which are not safe in a crash and which 8.3 no longer knows',
      cure: [
        `STOP ${copier};`,
        ...inFiles.map((name) => `SET GLOBAL ${name} = 'TABLE';`),
        `START ${copier};`,
        '-- and until the upgrade in the [mysqld] part of the option file',
      ],
    },
  ];
}

function rowFormat({ variables }: ServerSettings, step: string): Told[] {
  const format = variables['binlog_format'];
  if (format === undefined || format === 'ROW') return [];
  return [
    {
      check: 'replication-settings',
      severity: 'warning',
      step,
      where: `binlog_format = ${format}`,
      why: 'a statement may do something else on the new release than on the old, on the way there and on the way back',
      cure: [
        "SET GLOBAL binlog_format = 'ROW';",
        '-- and in the option file; sessions that are open keep the old format',
      ],
    },
  ];
}

function gtids({ variables }: ServerSettings, step: string): Told[] {
  const mode = variables['gtid_mode'];
  if (mode === undefined || mode === 'ON') return [];
  return [
    {
      check: 'replication-settings',
      severity: 'warning',
      step,
      where: `gtid_mode = ${mode}`,
      why: 'without GTIDs old and new servers cannot be compared, and there is no way back that loses nothing',
      cure: [
        '-- each statement on every member before the next one (manual: Enabling GTID Transactions Online)',
        'SET GLOBAL enforce_gtid_consistency = ON;',
        ...(mode === 'OFF' ? ['SET GLOBAL gtid_mode = OFF_PERMISSIVE;'] : []),
        'SET GLOBAL gtid_mode = ON_PERMISSIVE;',
        '-- wait until the status variable Ongoing_anonymous_transaction_count is 0 everywhere',
        'SET GLOBAL gtid_mode = ON;',
      ],
    },
  ];
}

function positions(server: ServerSettings, step: string): Told[] {
  const { copier, change } = words(server);
  return server.channels
    .filter(({ autoPosition }) => !autoPosition)
    .map((channel) => ({
      check: 'replication-settings',
      severity: 'warning',
      step,
      where: `channel ${channel.name === '' ? '(default)' : channel.name}`,
      why: 'it follows by file and position, which mean nothing on a server of the new release',
      cure: [
        `STOP ${copier}${onChannel(channel)};`,
        `${change}_AUTO_POSITION = 1${onChannel(channel)};`,
        `START ${copier}${onChannel(channel)};`,
      ],
    }));
}

/** caching_sha2_password sends the password over TLS, or needs the source's public key once. */
export const replicationLogins = onEachServer((server, meets) => {
  const [soon, later] = [meets(80_400), meets(80_000)];
  const step = soon ?? later;
  if (step === null) return [];
  const { copier, change, key } = words(server);
  return server.channels
    .filter(({ ssl, publicKey }) => !ssl && !publicKey)
    .map((channel): Told => {
      const statements = [
        `STOP ${copier} IO_THREAD${onChannel(channel)};`,
        `${change.replace(/ \w+$/, '')} ${key} = 1${onChannel(channel)};`,
        `START ${copier} IO_THREAD${onChannel(channel)};`,
      ];
      return {
        check: 'replication-login',
        severity: soon === null ? 'notice' : 'warning',
        step,
        where: `channel ${channel.name === '' ? '(default)' : channel.name}, account ${channel.user}`,
        why: 'it connects without TLS and without the public key of its source: it cannot log in once the account has caching_sha2_password',
        cure: releaseNumber(server.version) >= 80_004 ? statements : [`-- once it runs 8.0: ${statements.join(' ')}`],
      };
    });
});

interface PluginFate {
  readonly since: number;
  readonly severity: Found['severity'];
  readonly why: string;
  readonly cure: readonly string[];
}

const component = (name: string): string[] => [
  `-- once the new server runs: UNINSTALL PLUGIN ${name}, then INSTALL COMPONENT; settings go from plugin_name to component.name`,
];

/** By name in information_schema.PLUGINS. Sources: MySQL manual, "What Is New" of 8.4 and 9.x; the plugin folder of a real 9.7. */
const PLUGINS: Readonly<Record<string, PluginFate>> = {
  authentication_fido: {
    since: 80_400,
    severity: 'error',
    why: 'authentication_webauthn takes its place',
    cure: ['UNINSTALL PLUGIN authentication_fido;'],
  },
  connection_control: {
    since: 90_200,
    severity: 'notice',
    why: 'it is deprecated: a component takes its place',
    cure: component('connection_control'),
  },
  daemon_memcached: {
    since: 80_300,
    severity: 'error',
    why: 'memcached in InnoDB is gone',
    cure: ['UNINSTALL PLUGIN daemon_memcached;'],
  },
  keyring_encrypted_file: {
    since: 80_400,
    severity: 'error',
    why: 'it is gone, and without its keys encrypted tables cannot be read',
    cure: [
      '-- move the keys to component_keyring_encrypted_file first (manual: Key Migration Between a Keyring Component and Keyring Plugin)',
    ],
  },
  keyring_file: {
    since: 80_400,
    severity: 'error',
    why: 'it is gone, and without its keys encrypted tables cannot be read',
    cure: [
      '-- move the keys to component_keyring_file first (manual: Key Migration Between a Keyring Component and Keyring Plugin)',
    ],
  },
  keyring_oci: {
    since: 80_400,
    severity: 'error',
    why: 'it is gone, and without its keys encrypted tables cannot be read',
    cure: [
      '-- move the keys to component_keyring_oci first (manual: Key Migration Between a Keyring Component and Keyring Plugin)',
    ],
  },
  validate_password: {
    since: 80_004,
    severity: 'notice',
    why: 'it is deprecated: component_validate_password takes its place',
    cure: component('validate_password'),
  },
  version_tokens: { since: 90_300, severity: 'error', why: 'it is gone', cure: ['UNINSTALL PLUGIN version_tokens;'] },
  ...semiSync('rpl_semi_sync_master', 'rpl_semi_sync_source', 'semisync_source'),
  ...semiSync('rpl_semi_sync_slave', 'rpl_semi_sync_replica', 'semisync_replica'),
};

function semiSync(old: string, name: string, library: string): Record<string, PluginFate> {
  return {
    [old]: {
      since: 90_500,
      severity: 'error',
      why: `it is gone under that name; ${name} does the same, and has other names for its settings`,
      cure: [
        '-- from 8.0.26 on, one server after the other; commits of a primary wait for nobody in between',
        `UNINSTALL PLUGIN ${old};`,
        `INSTALL PLUGIN ${name} SONAME '${library}.so';`,
      ],
    },
  };
}

export const plugins = onEachServer((server, meets) =>
  server.plugins.flatMap(({ name }): Told[] => {
    const fate = PLUGINS[name];
    const step = fate ? meets(fate.since) : null;
    if (!fate || step === null) return [];
    return [
      { check: 'plugin', severity: fate.severity, step, where: `plugin ${name}`, why: fate.why, cure: fate.cure },
    ];
  }),
);
