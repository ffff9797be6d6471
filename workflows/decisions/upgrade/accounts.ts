import { type AccountFacts, type ClientFacts } from './facts';
import { type Found, firstStep, meets, type Rule, type Severity, type Upgrade } from './finding';
import { releaseNumber } from './releases';
import { literal } from './sql-text';

/** Authentication plugins by what becomes of them, gravest release first. Source: MySQL manual, "Authentication Plugins". */
const FATES: Readonly<Record<string, readonly { since: number; severity: Severity; why: string }[]>> = {
  mysql_native_password: [
    {
      since: 90_000,
      severity: 'error',
      why: 'mysql_native_password is gone: the account cannot log in, and a statement of the old release that makes or changes such an account stops replication',
    },
    {
      since: 80_400,
      severity: 'error',
      why: 'mysql_native_password is off unless the server is started with mysql_native_password = ON: the account cannot log in',
    },
    {
      since: 80_000,
      severity: 'notice',
      why: 'it goes on logging in with mysql_native_password; new accounts get caching_sha2_password, which its client may not know yet',
    },
  ],
  sha256_password: [
    { since: 80_016, severity: 'notice', why: 'sha256_password is deprecated in favour of caching_sha2_password' },
  ],
  authentication_fido: [
    { since: 80_400, severity: 'error', why: 'authentication_fido is gone, authentication_webauthn takes its place' },
  ],
  mysql_old_password: [
    { since: 80_000, severity: 'error', why: 'the account has the password format of before 4.1: it cannot log in' },
  ],
  '': [{ since: 80_000, severity: 'error', why: 'the account has no authentication plugin: it is disabled' }],
};

/** The server's own; it looks after them itself. */
const INTERNAL = ['mysql.session', 'mysql.sys', 'mysql.infoschema'];

const CLIENT_NEEDS =
  'its client must know caching_sha2_password, and use TLS or ask for the public key: libmysqlclient 5.7.23 or 8.0, Connector/J 8.0.9, Connector/NET 8.0.10, Connector/Python 8.0, PHP 7.4, Go-MySQL-Driver 1.4, PyMySQL 0.9, MariaDB Connector/C 3.0.2, ProxySQL 2.6';

export const accounts: Rule = (upgrade) =>
  upgrade.schema.accounts
    .filter(({ user }) => !INTERNAL.includes(user))
    .flatMap((account) => account.plugins.flatMap((plugin) => fate(upgrade, account, plugin)));

function fate(upgrade: Upgrade, account: AccountFacts, plugin: string): Found[] {
  const known = FATES[plugin] ?? [];
  const met = known.flatMap((one) => {
    const step = meets(upgrade, one.since);
    return step === null ? [] : [{ ...one, step }];
  });
  const [gravest] = met;
  if (!gravest) return [];
  const { severity, why, step } = gravest;
  const name = nameOf(account);
  const alter =
    plugin === 'authentication_fido'
      ? `-- once it runs 8.2 or later: ALTER USER ${name} … IDENTIFIED WITH authentication_webauthn`
      : `ALTER USER ${name} IDENTIFIED WITH caching_sha2_password BY '…its password…';`;
  const early = releaseNumber(upgrade.schema.version) < 80_000;
  return [
    {
      check: 'authentication-plugin',
      severity,
      step,
      where: `${name}${account.locked ? ' (locked)' : ''}`,
      why: `${why}; ${CLIENT_NEEDS}`,
      cure: [early && !alter.startsWith('--') ? `-- once it runs 8.0: ${alter}` : alter],
    },
  ];
}

export const nameOf = ({ user, host }: Pick<AccountFacts, 'user' | 'host'>): string =>
  `${literal(user)}@${literal(host)}`;

/**
 * Libraries by their own name, with the first version that speaks caching_sha2_password; null where they give no version.
 * Sources: MySQL manual, "caching_sha2_password as the Preferred Authentication Plugin"; release notes of each.
 */
const LIBRARIES: readonly { readonly name: RegExp; readonly called: string; readonly from: number }[] = [
  { name: /^libmysql$/i, called: 'libmysqlclient', from: 50_723 },
  { name: /connector.?j|connector.java/i, called: 'Connector/J', from: 80_009 },
  { name: /^libmariadb$/i, called: 'MariaDB Connector/C', from: 30_002 },
  { name: /^pymysql$/i, called: 'PyMySQL', from: 900 },
];

export const clients: Rule = (upgrade) => {
  const step = meets(upgrade, 80_000) ?? meets(upgrade, 80_400);
  if (step === null) return [];
  return upgrade.schema.clients.flatMap((client) => tooOld(client).map((told): Found => ({ ...told, step })));
};

function tooOld({ user, library, version, program }: ClientFacts): Omit<Found, 'step'>[] {
  const known = LIBRARIES.find(({ name }) => name.test(library));
  if (!known || version === '' || releaseNumber(version) >= known.from) return [];
  return [
    {
      check: 'client-library',
      severity: 'warning',
      where: `${known.called} ${version}, logged in as ${user}${program === '' ? '' : ` (${program})`}`,
      why: 'it cannot log in to an account with caching_sha2_password, which new accounts get and old ones need from 8.4 on',
      cure: [`-- renew ${known.called} in that program before its account is changed`],
    },
  ];
}

/** Source: MySQL 8.4 manual, "What Is New" (SET_USER_ID removed). */
export const removedPrivileges: Rule = (upgrade) => {
  const step = meets(upgrade, 80_400);
  if (step === null) return [];
  const modern = releaseNumber(upgrade.schema.version) >= 80_200;
  const grant = (account: string) => `GRANT SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER ON *.* TO ${account};`;
  return upgrade.schema.privileges.map(({ account, privilege }) => ({
    check: 'removed-privilege',
    severity: 'warning',
    step,
    where: `${privilege} of ${account}`,
    why: 'the privilege is gone, and the upgrade takes it away: SET_ANY_DEFINER and ALLOW_NONEXISTENT_DEFINER take its place',
    cure: modern
      ? [grant(account), `REVOKE ${privilege} ON *.* FROM ${account};`]
      : [`REVOKE ${privilege} ON *.* FROM ${account};`, `-- once it runs 8.4: ${grant(account)}`],
  }));
};

/** What our account could not see, and what was cut short: a silent precheck must not be a blind one. */
export const unread: Rule = ({ schema, path }) => {
  const { blind, notRead, us } = schema;
  const step = firstStep({ path });
  const hidden: Found[] =
    blind.length === 0
      ? []
      : [
          {
            check: 'unread',
            severity: 'error',
            step,
            where: `account ${us} on ${schema.readOn}`,
            why: `it lacks ${blind.join(', ')}, and a server hides what an account may not see without an error`,
            cure: [
              `GRANT ${blind.join(', ')} ON *.* TO ${us};`,
              `-- and when all is found: REVOKE ${blind.join(', ')} ON *.* FROM ${us};`,
            ],
          },
        ];
  const cut = notRead.map(({ part, because }): Found => ({
    check: 'unread',
    severity: 'error',
    step,
    where: `${part} on ${schema.readOn}`,
    why: `not all could be read: ${because}`,
    cure: ['-- run it again with --deep, which takes its time, or --on a replica that is at rest'],
  }));
  return [...hidden, ...cut];
};
