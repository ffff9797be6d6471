import { type Account, type Cluster, type Instance, type SecretReference } from '../../workflows/decisions/cluster';
import { changesServer, type StatementAudit, withoutLiterals } from '../audit/statements';
import { RunbookError } from '../errors';
import { errnoOf, fromDriver, timedOut } from './driver-errors';
import { type Line, openLine } from './line';
import { type CallOptions, type Mysql, type Servers, type Session, type Value } from './mysql';
import { keepPool, type Pool, type UseOptions } from './pool';
import { tlsOptions } from './tls';

export interface ServersOptions {
  /** Reads the value behind a reference. Asked at every login, so a rotated password is picked up; cache there if it is slow. */
  readonly secrets: (reference: SecretReference) => Promise<string>;
  /** Contents of a certificate file; only asked when a cluster's tls has `ca`. Default: the file system. */
  readonly readFile?: (path: string) => Promise<string>;
  /** Called when a server refused an account, so that a kept password is asked for again: it may have been rotated. */
  readonly refused?: () => void;
  /** Told of every statement that changed a server, or was to. */
  readonly audit?: (statement: StatementAudit) => void;
  /** Connections per server at most. Default 6. */
  readonly size?: number;
}

export interface KeptServers extends Servers {
  /**
   * Open connections to every instance now, so that an incident finds them open. Servers that do not answer are passed over:
   * the result names them with their reason.
   */
  warm(cluster: Cluster, connections?: number): Promise<{ readonly instance: string; readonly because: string }[]>;
}

const DEFAULT_DEADLINE_MS = 2000;
/** For name lookup, TCP, TLS and authentication of one connection: some seven round trips, also over a slow link. */
const OPEN_WITHIN_MS = 3000;
const MAX_CONNECTIONS_REACHED = 1040;

interface Kept {
  readonly declared: string;
  readonly mysql: Mysql;
  readonly pool: Pool;
}

/** Servers by inventory, logged in as the cluster's admin account, each with its kept pool for the life of the worker. */
export function openServers(options: ServersOptions): KeptServers {
  const kept = new Map<string, Kept>();

  const serverOf = (cluster: Cluster, instance: Instance): Kept => {
    const key = `${cluster.name}/${instance.name}`;
    const { host, port, adminPort } = instance;
    // An inventory that was edited while the worker runs must not be answered by connections to the old address.
    const declared = JSON.stringify([host, port, adminPort, cluster.accounts.admin, cluster.tls]);
    const known = kept.get(key);
    if (known?.declared === declared) return known;
    known?.pool.close();
    const fresh = { declared, ...openServer(cluster, instance, options) };
    kept.set(key, fresh);
    return fresh;
  };

  return {
    of: (cluster, instance) => serverOf(cluster, instance).mysql,
    warm: async (cluster, connections = 3) => {
      const warmed = cluster.instances.map(async (instance) => {
        try {
          await serverOf(cluster, instance).pool.warm(connections);
          return [];
        } catch (error) {
          return [{ instance: instance.name, because: fromDriver(error, instance).message }];
        }
      });
      return (await Promise.all(warmed)).flat();
    },
    close: () => {
      for (const { pool } of kept.values()) pool.close();
      kept.clear();
      return Promise.resolve();
    },
  };
}

type Witness = <Result>(sql: string, run: () => Promise<Result>) => Promise<Result>;

/** A statement whose answer was lost may have been carried out: it is written down with the error's code. */
const witness =
  (tell: (statement: StatementAudit) => void, cluster: string, server: string): Witness =>
  async (sql, run) => {
    if (!changesServer(sql)) return run();
    const since = performance.now();
    const told = (result: string) =>
      tell({
        cluster,
        server,
        statement: withoutLiterals(sql),
        result,
        ms: Math.round((performance.now() - since) * 10) / 10,
      });
    try {
      const result = await run();
      told('ok');
      return result;
    } catch (error) {
      told(error instanceof RunbookError ? error.code : 'UNKNOWN');
      throw error;
    }
  };

function openServer(cluster: Cluster, instance: Instance, options: ServersOptions): { mysql: Mysql; pool: Pool } {
  const pool = keepPool({
    open: () => logInTo(cluster, instance, options, OPEN_WITHIN_MS),
    size: options.size ?? 6,
    late: (doing, deadlineMs) => timedOut(instance, doing, deadlineMs),
  });
  const seen = options.audit && witness(options.audit, cluster.name, instance.name);
  return { pool, mysql: speak(instance, pool, seen) };
}

/** Log in at the main port; when max_connections is exhausted there, at the admin port, which has room of its own. */
async function logInTo(
  cluster: Cluster,
  instance: Instance,
  options: ServersOptions,
  deadlineMs: number,
): Promise<Line> {
  const deadline = Date.now() + deadlineMs;
  const account = await credentials(cluster.accounts.admin, options);
  const ssl = await tlsOptions(cluster.tls, options.readFile);
  const at = (port: number) =>
    openLine({ host: instance.host, port, ...account, ...(ssl && { ssl }) }, deadline - Date.now());
  try {
    return await at(instance.port);
  } catch (error) {
    const full = fromDriver(error, instance);
    if (full.code === 'AUTHENTICATION_FAILED') options.refused?.();
    if (errnoOf(full) !== MAX_CONNECTIONS_REACHED || instance.adminPort === undefined) throw full;
    // When the admin port does not help either, "too many connections" is the truth that the caller needs.
    return at(instance.adminPort).catch(() => {
      throw full;
    });
  }
}

async function credentials(account: Account, { secrets }: ServersOptions): Promise<{ user: string; password: string }> {
  return { user: account.user, password: await secrets(account.password) };
}

function speak({ name, host, port }: Instance, pool: Pool, seen?: Witness): Mysql {
  const at = { name, host, port };
  const call = <Result>(
    work: (line: Line) => Promise<Result>,
    leaves: UseOptions['leaves'],
    { deadlineMs = DEFAULT_DEADLINE_MS }: CallOptions = {},
  ): Promise<Result> => pool.use(work, { deadlineMs, leaves });
  return {
    ...at,
    rows: (sql, values, options) => call((line) => speakOn(line, at).rows(sql, values), 'nothing', options),
    value: (sql, values, options) => call((line) => speakOn(line, at).value(sql, values), 'nothing', options),
    run: (sql, values, options) => {
      const run = () => call((line) => speakOn(line, at).run(sql, values), 'nothing', options);
      return seen ? seen(sql, run) : run();
    },
    session: (work, options) => call((line) => work(speakOn(line, at, seen)), 'session state', options),
    lostConnections: () => pool.lost(),
  };
}

function speakOn(line: Line, at: { name: string; host: string; port: number }, seen?: Witness): Session {
  const query = async <Result>(
    sql: string,
    values: readonly unknown[] = [],
    shape: 'objects' | 'arrays' = 'objects',
  ) => {
    try {
      return await line.query<Result>(sql, values, shape);
    } catch (error) {
      throw fromDriver(error, at);
    }
  };
  return {
    rows: <Row extends object>(sql: string, values?: readonly unknown[]) => query<Row[]>(sql, values),
    value: async (sql, values) => (await query<Value[][]>(sql, values, 'arrays'))[0]?.[0],
    run: async (sql, values) => {
      const run = () => query<unknown>(sql, values);
      await (seen ? seen(sql, run) : run());
    },
  };
}
