import { performance } from 'node:perf_hooks';
import { address } from '../../../workflows/decisions/cluster';
import { type ProxysqlRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { misconfigured, readsOtherwise } from '../refusals';

import { driverCodeOf, fromDriver } from '../../mysql/driver-errors';
import { type Line, openLine } from '../../mysql/line';
import { tlsOptions } from '../../mysql/tls';

export { misconfigured } from '../refusals';

/** One row of an admin table, by column. The admin interface sends every value as text. */
export type Row = Readonly<Record<string, string | null>>;

/** A connection to the admin interface. There are no transactions: all admin sessions share one set of tables. */
export interface Admin {
  rows(sql: string): Promise<Row[]>;
  run(sql: string): Promise<void>;
}

/** The admin interface answers nothing but this to the session variables that a server is told. */
const ADMIN_PIN = 'SET NAMES utf8mb4';

/**
 * Do some work on the admin interface; all of it, the login included, ends by `until`. A connection for each call costs a few
 * milliseconds and, unlike a kept one, cannot lead to a process that was replaced.
 * Throws ROUTER_UNREACHABLE (what was said may have been carried out all the same), ROUTER_MISCONFIGURED when the account is
 * refused or a statement is not understood. Source: ProxySQL documentation, "The Admin Interface".
 */
export async function onAdmin<T>(
  router: ProxysqlRouter,
  password: () => Promise<string>,
  until: number,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  let line: Line | undefined;
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => {
        late = true;
        reject(unreachable(router, 'it did not answer in time'));
      },
      Math.max(1, until - performance.now()),
    );
  });
  const doIt = async (): Promise<T> => {
    const [secret, ssl] = await Promise.all([password(), tlsOptions(router.tls)]);
    const login = { ...router.admin, user: router.account.user, password: secret, ...(ssl && { ssl }) };
    line = await openLine(login, Math.max(1, Math.round(until - performance.now())), ADMIN_PIN);
    if (late) line.destroy();
    return work(adminOn(line));
  };
  try {
    return await Promise.race([doIt(), deadline]);
  } catch (error) {
    throw error instanceof RunbookError ? error : inOurWords(router, error);
  } finally {
    clearTimeout(timer);
    line?.destroy();
  }
}

const adminOn = (line: Line): Admin => ({
  rows: (sql) => line.query<Row[]>(sql, [], 'objects'),
  run: async (sql) => {
    await line.query<unknown>(sql, [], 'objects');
  },
});

/** The admin interface borrows two numbers of the server: 1045 also for a statement that SQLite refuses, 1040 for `admin` from afar. */
function inOurWords(router: ProxysqlRouter, error: unknown): RunbookError {
  const met = fromDriver(error, { name: `router ${router.name}`, ...router.admin });
  const said = error instanceof Error ? error.message : '';
  if (/can only connect locally/.test(said))
    return misconfigured(
      router,
      `its account ${router.account.user} can only connect from the host of ProxySQL itself`,
      'Add an account of another name to admin-admin_credentials, LOAD ADMIN VARIABLES TO RUNTIME, and name it in the inventory.',
    );
  if (/ProxySQL Admin Error/.test(said))
    return misconfigured(
      router,
      `it refused a statement: ${met.message}`,
      'Use an account of admin-admin_credentials (those of admin-stats_credentials may only read), and ProxySQL 2.0 or newer.',
    );
  if (met.code === 'AUTHENTICATION_FAILED')
    return misconfigured(
      router,
      `its admin interface ${address(router.admin)} refuses the account ${router.account.user}`,
      'Compare the account in the inventory with admin-admin_credentials of this ProxySQL.',
    );
  if (met.code === 'TLS_FAILED')
    return misconfigured(
      router,
      `no encrypted connection to its admin interface ${address(router.admin)} could be agreed: ${met.message}`,
      'Correct tls of this router in the inventory, or SET mysql-have_ssl = true and LOAD MYSQL VARIABLES TO RUNTIME.',
    );
  return unreachable(router, said === '' ? (driverCodeOf(met) ?? met.message) : said);
}

const unreachable = (router: ProxysqlRouter, words: string): RunbookError =>
  new RunbookError({
    code: 'ROUTER_UNREACHABLE',
    message: `router ${router.name}: its admin interface ${address(router.admin)} cannot be used: ${words}`,
    hint: 'Check that ProxySQL runs and that admin-mysql_ifaces lets this worker in; where the host is lost, make sure that no client can still come through it.',
  });

export const disagrees = (router: ProxysqlRouter, differs: string): RunbookError =>
  readsOtherwise(
    router,
    differs,
    'Look for something else that drives this router (its scheduler, another member of its cluster, its monitor), then try again.',
  );

/** SQLite knows no backslash: only the quote itself is doubled. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
