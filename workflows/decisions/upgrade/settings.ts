import {
  CHANGED_DEFAULTS,
  REMOVED_SQL_MODES,
  REMOVED_VARIABLES,
  RENAMED_SINCE,
  RENAMED_VARIABLES,
  SQL_MODE_OF_5_7,
} from './data/variables';
import { type ServerSettings } from './facts';
import { type Found, onEachServer } from './finding';
import { releaseNumber } from './releases';
import { literal } from './sql-text';

type Told = Omit<Found, 'instance'>;

/**
 * Who set a variable: `file` (an option file or the command line), `persisted`, `run time`, `somebody` (5.7 does not tell), or nobody.
 * Source: MySQL manual, "The variables_info Table".
 */
type SetBy = 'file' | 'persisted' | 'run time' | 'somebody' | 'nobody';

function setBy({ sources, variables, persisted }: ServerSettings, name: string, usual: readonly string[]): SetBy {
  const value = variables[name];
  if (value === undefined) return 'nobody';
  if (sources === null) return usual.length > 0 && usual.includes(value) ? 'nobody' : 'somebody';
  if (name in persisted) return 'persisted';
  const source = sources[name];
  if (source === undefined) return 'nobody';
  if (source === 'DYNAMIC') return usual.includes(value) ? 'nobody' : 'run time';
  return 'file';
}

const inFile = (name: string): string => `-- take ${name} out of the [mysqld] part of the option file`;

const takeOut = (name: string, by: SetBy, dynamic: boolean): string[] =>
  ({
    file: [inFile(name), `-- and restart, or let the new server start without it`],
    persisted: [`RESET PERSIST ${name};`, ...(dynamic ? [`SET GLOBAL ${name} = DEFAULT;`] : [])],
    'run time': [`SET GLOBAL ${name} = DEFAULT;`, `-- and in whatever sets it when the server has started`],
    somebody: [...(dynamic ? [`SET GLOBAL ${name} = DEFAULT;`] : []), inFile(name)],
    nobody: [],
  })[by];

/** Cannot be set while the server runs: only its option file helps. */
const READ_ONLY = new Set([
  'date_format',
  'datetime_format',
  'time_format',
  'ignore_builtin_innodb',
  'ignore_db_dirs',
  'innodb_checksums',
  'innodb_file_format_check',
  'innodb_locks_unsafe_for_binlog',
  'log_bin_use_v1_row_events',
  'metadata_locks_cache_size',
  'metadata_locks_hash_instances',
  'relay_log_info_file',
  'master_info_file',
  'default_authentication_plugin',
  'old',
  'innodb_log_file_size',
  'innodb_log_files_in_group',
  'keyring_encrypted_file_data',
  'keyring_file_data',
  'daemon_memcached_option',
  'internal_tmp_disk_storage_engine',
]);

export const removedVariables = onEachServer((server, meets) =>
  REMOVED_VARIABLES.flatMap(({ name, gone, usual = [], instead }): Told[] => {
    const step = meets(gone);
    const by = setBy(server, name, usual);
    if (step === null || by === 'nobody') return [];
    const replaced = instead === undefined ? '' : `; ${instead} takes its place`;
    const what: Record<Exclude<SetBy, 'nobody'>, string> = {
      file: 'an option file sets it, and a server that does not know it does not start',
      persisted: 'it is persisted, and a server that does not know it cannot start or warns at every start',
      'run time': 'it was set while the server ran: whatever sets it will fail',
      somebody:
        'it is not at its default, so something sets it: an option file with it keeps the new server from starting',
    };
    return [
      {
        check: 'removed-variable',
        severity: by === 'run time' ? 'warning' : 'error',
        step,
        where: `${name} = ${server.variables[name] ?? ''}`,
        why: `${what[by]}${replaced}`,
        cure: takeOut(name, by, !READ_ONLY.has(name)),
      },
    ];
  }),
);

export const renamedVariables = onEachServer((server, meets) => {
  const step = meets(80_400);
  if (step === null || server.sources === null) return [];
  const knowsNew = releaseNumber(server.version) >= RENAMED_SINCE;
  return Object.entries(RENAMED_VARIABLES).flatMap(([old, name]): Told[] => {
    const by = setBy(server, old, []);
    if (by !== 'file' && by !== 'persisted') return [];
    const value = server.variables[old] ?? '';
    const persist = knowsNew
      ? [`RESET PERSIST IF EXISTS ${old};`, `SET PERSIST_ONLY ${name} = ${asSql(value)};`]
      : [`-- once it runs 8.0.26 or later: RESET PERSIST IF EXISTS ${old}; SET PERSIST_ONLY ${name} = ${asSql(value)}`];
    return [
      {
        check: 'renamed-variable',
        severity: 'notice',
        step,
        where: `${old} = ${value}`,
        why: `it is called ${name} now; the old name still works and warns`,
        cure: by === 'persisted' ? persist : [`-- in the option file write ${name} instead of ${old}`],
      },
    ];
  });
});

export const changedDefaults = onEachServer((server, meets) =>
  CHANGED_DEFAULTS.flatMap(({ name, since, was, becomes }): Told[] => {
    const step = meets(since);
    const value = server.variables[name];
    if (step === null || value === undefined || !was.includes(value)) return [];
    if (name in server.persisted || server.sources?.[name] !== undefined) return [];
    const keep = server.sources === null ? [] : [`SET PERSIST_ONLY ${name} = ${asSql(value)}; -- to keep it as it is`];
    return [
      {
        check: 'changed-default',
        severity: 'notice',
        step,
        where: name,
        why: `nobody has set it: ${value === '' ? "''" : value} becomes ${becomes}`,
        cure: keep.length > 0 ? keep : [`-- to keep it, in the new server's option file: ${name} = ${value}`],
      },
    ];
  }),
);

const asSql = (value: string): string => (/^-?\d+(\.\d+)?$|^(ON|OFF|DEFAULT)$/.test(value) ? value : literal(value));

export const sqlMode = onEachServer((server, meets) => {
  const step = meets(80_000);
  const now = server.variables['sql_mode'] ?? '';
  const modes = now.split(',');
  const stale = modes.filter((mode) => REMOVED_SQL_MODES.includes(mode));
  if (step === null || stale.length === 0 || now === SQL_MODE_OF_5_7) return [];
  const kept = modes.filter((mode) => !stale.includes(mode)).join(',');
  return [
    {
      check: 'sql-mode',
      severity: 'error',
      step,
      where: `sql_mode = ${now}`,
      why: `${stale.join(', ')} is gone: a server whose option file names it does not start, and clients that set it get an error`,
      cure: [
        `SET GLOBAL sql_mode = ${literal(kept)};`,
        `-- and in the [mysqld] part of the option file: sql_mode = ${kept}`,
      ],
    },
  ];
});

/** TLS versions and authentication policies that name what is gone. */
export const refusedValues = onEachServer((server, meets) => [
  ...oldTls(server, meets(80_028), 'tls_version'),
  ...oldTls(server, meets(80_028), 'admin_tls_version'),
  ...oldPolicy(server, meets(80_400)),
]);

function oldTls({ variables, sources }: ServerSettings, step: string | null, name: string): Told[] {
  const versions = (variables[name] ?? '').split(',');
  const old = versions.filter((version) => /^TLSv1(\.1)?$/i.test(version));
  // 5.7 shows what its library can do, whether or not anybody has chosen it.
  if (step === null || old.length === 0 || sources?.[name] === undefined) return [];
  const kept = versions.filter((version) => !old.includes(version));
  return [
    {
      check: 'refused-value',
      severity: kept.length === 0 ? 'error' : 'warning',
      step,
      where: `${name} = ${variables[name] ?? ''}`,
      why: `${old.join(' and ')} is gone: ${kept.length === 0 ? 'no client could connect by TLS' : 'clients that know nothing newer cannot connect by TLS'}`,
      cure: [
        `SET PERSIST_ONLY ${name} = 'TLSv1.2';`,
        '-- and from 8.0.16 also TLSv1.3; take it out of the option file where it stands there',
      ],
    },
  ];
}

function oldPolicy({ variables }: ServerSettings, step: string | null): Told[] {
  const policy = variables['authentication_policy'] ?? '';
  const gone = ['mysql_native_password', 'authentication_fido'].filter((plugin) => policy.includes(plugin));
  if (step === null || gone.length === 0) return [];
  return [
    {
      check: 'refused-value',
      severity: 'error',
      step,
      where: `authentication_policy = ${policy}`,
      why: `${gone.join(', ')} is not there in a new server, which does not start with such a policy`,
      cure: ["SET PERSIST authentication_policy = '*,,';", '-- and take it out of the option file'],
    },
  ];
}

/** Nothing that SQL shows: an option of its default value, a misspelt one, a [mysqld-8.0] part. */
export const optionFiles = onEachServer((_server, meets) => {
  const step = meets(80_000) ?? meets(80_400) ?? meets(90_700);
  if (step === null) return [];
  return [
    {
      check: 'option-files',
      severity: 'notice',
      step,
      where: 'option files',
      why: 'no server shows what stands in its option file; an option that is gone is found there only by the new server',
      cure: [
        "-- with the new release's mysqld, on a copy of the file: mysqld --defaults-file=my.cnf --validate-config",
      ],
    },
  ];
});

export const shutdown = onEachServer((server, meets) => {
  const step = meets(80_000) ?? meets(80_400) ?? meets(90_700);
  const mode = server.variables['innodb_fast_shutdown'];
  if (step === null) return [];
  const fast: Told[] =
    mode === '2'
      ? [
          {
            check: 'fast-shutdown',
            severity: 'error',
            step,
            where: 'innodb_fast_shutdown = 2',
            why: 'it stops like a crash, and a new release does not start on redo logs that are not empty',
            cure: ['SET GLOBAL innodb_fast_shutdown = 1;', '-- and take it out of the option file'],
          },
        ]
      : [];
  const xa: Told[] =
    server.preparedXa > 0
      ? [
          {
            check: 'prepared-xa',
            severity: 'error',
            step,
            where: `${server.preparedXa} prepared XA transactions`,
            why: 'a server that upgrades its undo logs does not start with them, and nobody else can end them',
            cure: ['XA RECOVER CONVERT XID;', '-- then XA COMMIT or XA ROLLBACK each of them, as its coordinator says'],
          },
        ]
      : [];
  return [...fast, ...xa];
});
