import { type SchemaChange } from '../../workflows/decisions/facts';
import { type CallOptions, type Mysql } from '../mysql/mysql';
import { type QuickFacts } from './quick';

/**
 * What gh-ost (`_x_gho`, `_x_ghc`) and pt-online-schema-change (triggers `pt_osc_…`) have made on this server. Read only.
 * Without TRIGGER an account sees only triggers that were carried out since the server started. Source: gh-ost, "Technical questions and
 * answers"; MySQL manual, "The INFORMATION_SCHEMA TABLES Table", "The INFORMATION_SCHEMA TRIGGERS Table".
 */
export async function readSchemaChanges(
  server: Mysql,
  quick: QuickFacts,
  options: CallOptions,
): Promise<SchemaChange[]> {
  const [ghosts, triggers] = await Promise.all([
    readGhostTables(server, quick, options),
    readTriggers(server, options),
  ]);
  const changes = new Map<string, SchemaChange>();
  for (const { tool, table, made, writtenSecondsAgo } of [...ghosts, ...triggers]) {
    const key = `${tool} ${table}`;
    const before = changes.get(key);
    const times = [before?.writtenSecondsAgo ?? null, writtenSecondsAgo].filter((time) => time !== null);
    changes.set(key, {
      tool,
      table,
      made: [...(before?.made ?? []), ...made],
      writtenSecondsAgo: times.length > 0 ? Math.min(...times) : null,
    });
  }
  return [...changes.values()];
}

interface TableRow {
  readonly schema: string;
  readonly name: string;
  readonly writtenSecondsAgo: number | null;
}

async function readGhostTables(server: Mysql, { release }: QuickFacts, options: CallOptions): Promise<SchemaChange[]> {
  const rows = await server.session(async (session) => {
    // From 8.0 on these times are a day old, if need be, unless asked otherwise.
    if (release !== '5.7') await session.run('SET SESSION information_schema_stats_expiry = 0');
    return session.rows<TableRow>(
      `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, TIMESTAMPDIFF(SECOND, UPDATE_TIME, NOW()) AS writtenSecondsAgo
         FROM information_schema.TABLES
        WHERE (TABLE_NAME LIKE '\\_%\\_gho' OR TABLE_NAME LIKE '\\_%\\_ghc')
          AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')
        ORDER BY 1, 2`,
    );
  }, options);
  return rows.map(({ schema, name, writtenSecondsAgo }) => ({
    tool: 'gh-ost',
    table: `${schema}.${name.slice(1, -'_gho'.length)}`,
    made: [`${schema}.${name}`],
    writtenSecondsAgo,
  }));
}

async function readTriggers(server: Mysql, options: CallOptions): Promise<SchemaChange[]> {
  const rows = await server.rows<{ schema: string; name: string }>(
    `SELECT TRIGGER_SCHEMA AS \`schema\`, TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_NAME LIKE 'pt\\_osc\\_%'
      UNION SELECT OBJECT_SCHEMA, OBJECT_NAME FROM performance_schema.objects_summary_global_by_type
             WHERE OBJECT_TYPE = 'TRIGGER' AND OBJECT_NAME LIKE 'pt\\_osc\\_%'
      ORDER BY 1, 2`,
    [],
    options,
  );
  return rows.map(({ schema, name }) => ({
    tool: 'pt-online-schema-change',
    table: `${schema}.${name.replace(`pt_osc_${schema}_`, '').replace(/_(ins|upd|del)$/, '')}`,
    made: [`${schema}.${name}`],
    writtenSecondsAgo: null,
  }));
}
