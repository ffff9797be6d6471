import { type Deps, serverNamed, words } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { factsOf } from '../replication/apply';
import { type Pair } from './extras';
import { dropReplayChannel } from './replay';

export interface Closed {
  /** It will also boot read-only. */
  readonly persisted: boolean;
  readonly because: string;
}

/**
 * super_read_only now and at every start from now on; a channel that a broken-off run left on the primary is dropped. Idempotent.
 * 5.7 has no persisted variables: there `doctor` names the line of my.cnf.
 * Throws LOCK_WAIT_EXCEEDED (somebody holds a table lock; a retry helps). Source: MySQL manual, "Persisted System Variables".
 */
export async function closeForGood(deps: Deps, { cluster, instance, primary }: Pair): Promise<Closed> {
  const server = serverNamed(deps, cluster, instance);
  deps.checkpoint('close:begin');
  await dropReplayChannel(serverNamed(deps, cluster, primary));
  const closed = await persistReadOnly(server);
  deps.checkpoint('close:read-only');
  return closed;
}

async function persistReadOnly(server: Mysql): Promise<Closed> {
  return server.session(
    async (session) => {
      await session.run('SET SESSION lock_wait_timeout = 1');
      await session.run('SET GLOBAL super_read_only = ON');
      try {
        await session.run('SET PERSIST super_read_only = ON');
        return { persisted: true, because: 'read-only now and at every start' };
      } catch (error) {
        if (!(error instanceof RunbookError) || !NOT_HERE.has(error.code)) throw error;
        return {
          persisted: false,
          because: `read-only now; it could not be persisted (${words(error)}): super_read_only = ON belongs in its my.cnf`,
        };
      }
    },
    { deadlineMs: 5_000 },
  );
}

/** Another attempt meets them again: 5.7 does not know the word, or the account may not. */
const NOT_HERE: ReadonlySet<string> = new Set(['STATEMENT_FAILED', 'MISSING_PRIVILEGE']);

export interface Rejoined {
  /** A quarantine that had to keep clients out by offline_mode was lifted. */
  readonly lifted: boolean;
  /** What is not as declared and not ours to change: one sentence each, with its cure. */
  readonly left: readonly string[];
}

/**
 * The last marks of the quarantine go, and what a replica must be is read back from the running server. Idempotent.
 * Events: those of the primary arrive as disabled by replication; one that is enabled here was never seen by the primary, and
 * switching it off would need a writable moment, so it is named.
 * Source: MySQL manual, "Replication of Invoked Features", "offline_mode".
 */
export async function settleRejoined(deps: Deps, { cluster, instance }: Pair): Promise<Rejoined> {
  const server = serverNamed(deps, cluster, instance);
  deps.checkpoint('rejoined:begin');
  const facts = await factsOf(deps, cluster, instance);
  if (!facts.superReadOnly)
    throw new RunbookError({
      code: 'FENCE_NOT_PROVEN',
      message: `${instance} is not super_read_only any more: somebody has opened it meanwhile`,
      hint: `Find out who, then start this again: it closes ${instance} first.`,
    });
  const lifted = Number(await server.value('SELECT @@global.offline_mode')) === 1;
  if (lifted) await server.run('SET GLOBAL offline_mode = OFF');
  deps.checkpoint('rejoined:lifted');

  const enabled = await server.rows<{ name: string }>(
    `SELECT CONCAT(EVENT_SCHEMA, '.', EVENT_NAME) AS name FROM information_schema.EVENTS WHERE STATUS = 'ENABLED'`,
  );
  const { sourceEnabled, replicaInstalled, replicaEnabled } = facts.semiSync;
  const acknowledges = cluster.durability === 'async' || !replicaInstalled || replicaEnabled;
  return {
    lifted,
    left: [
      ...enabled.map(
        ({ name }) =>
          `event ${name} is enabled on ${instance}, a replica: on the primary ALTER EVENT ${name} ENABLE marks it everywhere else`,
      ),
      ...(sourceEnabled
        ? [`${instance} still waits for acknowledgements: SET GLOBAL rpl_semi_sync_source_enabled = OFF`]
        : []),
      ...(acknowledges ? [] : [`${instance} acknowledges nothing: SET GLOBAL rpl_semi_sync_replica_enabled = ON`]),
    ],
  };
}
