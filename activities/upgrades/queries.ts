import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { cureOf, isHarmless, planOf, type Tried, type TriedQuery } from '../../workflows/decisions/upgrading/queries';
import { type Deps, serverAsBackup, serverNamed } from '../deps';
import { type Mysql, type Session } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';
import { versionOf } from '../mysql/version';
import { shapeOf, withoutLiterals } from '../observe/detail';
import { writeQueries } from './query-file';
import { readSlowLog } from './slow-log';

export interface QueriesOrder {
  readonly cluster: Cluster;
  /** Where clients run their statements now. */
  readonly primary: string;
  /** Of the old release; a replica where there is one. */
  readonly old: string;
  readonly fresh: string;
  readonly atMost: number;
}

interface Sample {
  readonly digest: string;
  readonly schema: string | null;
  readonly text: string;
  readonly normalised: string | null;
  /** Left out: performance_schema. */
  readonly source?: 'slow log';
}

const LOOKS = 10;
const LOOK_EVERY_MS = 200;
const STATEMENT_MS = 5_000;
const ROWS = 1_000;
const TEXT_LENGTH = 300;

/**
 * Repeat what clients ask on both releases, read-only and bounded, and tell what came of it; every statement goes with its times and plans to
 * a file beside the reports. The statements have literals of people's data: they stay in this activity, and only their normalised text leaves it.
 * Changes nothing, repeats safely. Source: MySQL manual, "Performance Schema Statement Digests" (QUERY_SAMPLE_TEXT since 8.0.3), "EXPLAIN Statement".
 */
export async function tryQueries(deps: Deps, order: QueriesOrder): Promise<TriedQuery[]> {
  const { cluster, primary, old, fresh, atMost } = order;
  const [digests, logged] = await Promise.all([
    sample(serverNamed(deps, cluster, primary), cluster.schema, atMost),
    sampleOfLog(deps, cluster, primary),
  ]);
  const [theirs, ours] = [old, fresh].map((name) => serverAsBackup(deps, cluster, name)) as [Mysql, Mysql];
  const versions = await Promise.all([versionOf(theirs), versionOf(ours)]);
  const tried: TriedQuery[] = [];
  for (const { digest, schema, text, normalised, source } of together(digests, logged, atMost)) {
    deps.heartbeat({ tried: tried.length });
    const [before, after] = await Promise.all([theirs, ours].map((server) => tryOn(server, schema, text)));
    if (!before || !after) continue;
    const short = withoutLiterals(normalised ?? text).slice(0, TEXT_LENGTH);
    tried.push({
      digest: digest.slice(0, 12),
      schema: schema ?? '',
      text: short,
      ...(source && { source }),
      old: before,
      new: withCure(after, text, versions),
    });
  }
  await writeQueries(deps, { cluster: cluster.name, versions, servers: [old, fresh] }, tried);
  return tried;
}

/** Of statements that both know, one. Half of them may be the slow log's: it has those that cost most, and is asked first. */
function together(digests: readonly Sample[], logged: readonly Sample[], atMost: number): Sample[] {
  const shapes = new Map<string, Sample>();
  const take = (samples: readonly Sample[], most: number) => {
    for (const one of samples) {
      const shape = `${one.schema ?? ''} ${shapeOf(one.text)}`;
      if (shapes.size < most && !shapes.has(shape)) shapes.set(shape, one);
    }
  };
  take(logged, Math.ceil(atMost / 2));
  take(digests, atMost);
  take(logged, atMost);
  return [...shapes.values()];
}

async function sampleOfLog(deps: Deps, cluster: Cluster, name: string): Promise<Sample[]> {
  const logged = await readSlowLog(deps, cluster, name);
  // A session without a schema is taken for one of the schema before it: ours have none.
  const { admin, backup = admin } = cluster.accounts;
  const ours = [admin.user, backup.user];
  const skipped = ['', 'mysql', 'sys', 'performance_schema', 'information_schema', cluster.schema];
  return logged
    .filter(({ schema, user, text }) => !skipped.includes(schema) && !ours.includes(user) && isHarmless(text))
    .map(({ schema, text }) => ({
      digest: createHash('sha256').update(shapeOf(text)).digest('hex'),
      ...{ schema, text, normalised: null, source: 'slow log' as const },
    }));
}

function withCure(tried: Tried, text: string, [from, to]: readonly [string, string]): Tried {
  if (tried.ok) return tried;
  const cure = cureOf(text, from, to);
  return cure === undefined ? tried : { ...tried, cure };
}

/** One example of each statement, the costliest first where the server knows its cost. */
async function sample(server: Mysql, own: string, atMost: number): Promise<Sample[]> {
  const [column] = await server.rows(
    `SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'performance_schema'
        AND TABLE_NAME = 'events_statements_summary_by_digest' AND COLUMN_NAME = 'QUERY_SAMPLE_TEXT'`,
  );
  const found = new Map<string, Sample>();
  const looks = column ? 1 : LOOKS; // before 8.0 only the last statements of each session are known
  for (let look = 0; look < looks && found.size < atMost; look += 1) {
    if (look > 0) await pause(LOOK_EVERY_MS);
    const rows = await server.rows<Sample>(column ? BY_DIGEST : BY_HISTORY, [own]);
    for (const row of rows) if (isHarmless(row.text)) found.set(row.digest, row);
  }
  return [...found.values()].slice(0, atMost);
}

const BY_DIGEST = `
  SELECT DIGEST AS digest, SCHEMA_NAME AS \`schema\`, QUERY_SAMPLE_TEXT AS text, DIGEST_TEXT AS normalised
    FROM performance_schema.events_statements_summary_by_digest
   WHERE DIGEST IS NOT NULL AND QUERY_SAMPLE_TEXT LIKE '%SELECT%' AND SCHEMA_NAME IS NOT NULL
     AND SCHEMA_NAME NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema', ?)
   ORDER BY SUM_TIMER_WAIT DESC LIMIT 2000`;
const BY_HISTORY = `
  SELECT DIGEST AS digest, CURRENT_SCHEMA AS \`schema\`, SQL_TEXT AS text, DIGEST_TEXT AS normalised
    FROM performance_schema.events_statements_history
   WHERE DIGEST IS NOT NULL AND SQL_TEXT LIKE '%SELECT%' AND CURRENT_SCHEMA IS NOT NULL
     AND CURRENT_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema', ?)
   LIMIT 2000`;

async function tryOn(server: Mysql, schema: string | null, text: string): Promise<Tried> {
  try {
    return await server.session(
      async (session) => {
        if (schema !== null) await session.run(`USE ${quoteName(schema)}`);
        await session.run(`SET SESSION max_execution_time = ${STATEMENT_MS}, sql_select_limit = ${ROWS}`);
        // The old form of the answer, where the server knows two.
        await session.run('SET SESSION explain_json_format_version = 1').catch(() => undefined);
        await session.run('START TRANSACTION READ ONLY');
        try {
          const plan = planOf(JSON.parse(String(await session.value(`EXPLAIN FORMAT=JSON ${text}`))));
          return { ok: true as const, plan, ms: Math.min(await timed(session, text), await timed(session, text)) };
        } finally {
          await session.run('ROLLBACK');
        }
      },
      { deadlineMs: STATEMENT_MS * 4 },
    );
  } catch (error) {
    // The server quotes values of the statement in its words.
    return { ok: false, error: withoutLiterals(error instanceof Error ? error.message : String(error)) };
  }
}

async function timed(session: Session, text: string): Promise<number> {
  const begun = performance.now();
  await session.rows(text);
  return Math.round((performance.now() - begun) * 10) / 10;
}
