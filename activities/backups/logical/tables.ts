import { type Mysql, type Session } from '../../mysql/mysql';
import { quoteName } from '../../mysql/quoting';

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly engine: string;
  /** As the server estimates them. */
  readonly bytes: number;
}

export interface Inside {
  readonly schemas: readonly { readonly name: string; readonly create: string }[];
  readonly tables: readonly Table[];
  readonly views: readonly { readonly schema: string; readonly name: string }[];
  /** Changes when a definition does. */
  readonly fingerprint: string;
}

/** The server's own. */
const OWN = ['mysql', 'sys', 'information_schema', 'performance_schema', 'ndbinfo'];

/** What is to be dumped, and a fingerprint of its definitions. Reads only. */
export async function lookInside(session: Session): Promise<Inside> {
  // Sizes of today, not of up to a day ago; 5.7 has no other.
  await session.run('SET SESSION information_schema_stats_expiry = 0').catch(() => undefined);
  const names = await session.rows<{ name: string }>(
    'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (?) ORDER BY 1',
    [OWN],
  );
  const schemas = [];
  for (const { name } of names) {
    const [row] = await session.rows<Record<string, string>>(`SHOW CREATE DATABASE IF NOT EXISTS ${quoteName(name)}`);
    schemas.push({ name, create: row?.['Create Database'] ?? '' });
  }
  const found = await session.rows<{
    schema: string;
    name: string;
    kind: string;
    engine: string | null;
    bytes: string | number | null;
  }>(
    `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, TABLE_TYPE AS kind, ENGINE AS engine,
            IFNULL(DATA_LENGTH, 0) + IFNULL(INDEX_LENGTH, 0) AS bytes
       FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN (?) ORDER BY 1, 2`,
    [OWN],
  );
  const changes = await session.rows<{ what: string }>(
    `SELECT CONCAT_WS(' ', 't', TABLE_SCHEMA, TABLE_NAME, CREATE_TIME) AS what FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN (?)
     UNION ALL SELECT CONCAT_WS(' ', 'r', ROUTINE_SCHEMA, ROUTINE_NAME, LAST_ALTERED) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN (?)
     UNION ALL SELECT CONCAT_WS(' ', 'g', TRIGGER_SCHEMA, TRIGGER_NAME, CREATED) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (?)
     UNION ALL SELECT CONCAT_WS(' ', 'e', EVENT_SCHEMA, EVENT_NAME, LAST_ALTERED) FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN (?)
     ORDER BY 1`,
    [OWN, OWN, OWN, OWN],
  );
  return {
    schemas,
    tables: found
      .filter(({ kind }) => kind === 'BASE TABLE')
      .map(({ schema, name, engine, bytes }) => ({
        schema,
        name,
        engine: engine ?? 'unknown',
        bytes: Number(bytes ?? 0),
      })),
    views: found.filter(({ kind }) => kind === 'VIEW').map(({ schema, name }) => ({ schema, name })),
    fingerprint: JSON.stringify(changes.map(({ what }) => what)),
  };
}

/** Tables that a snapshot does not hold still, with their engines. */
export async function withoutSnapshot(server: Mysql, withinMs: number): Promise<string[]> {
  const { tables } = await server.session((session) => lookInside(session), { deadlineMs: withinMs });
  return tables
    .filter(({ engine }) => engine !== 'InnoDB')
    .map(({ schema, name, engine }) => `${schema}.${name} (${engine})`);
}

/** Shares of about the same size, the largest table first. None is empty. */
export function shareOut(tables: readonly Table[], shares: number): Table[][] {
  const parts = Array.from({ length: Math.max(1, Math.min(shares, tables.length)) }, () => ({
    bytes: 0,
    tables: [] as Table[],
  }));
  for (const table of [...tables].sort((one, other) => other.bytes - one.bytes)) {
    const [least] = [...parts].sort((one, other) => one.bytes - other.bytes);
    least?.tables.push(table);
    if (least) least.bytes += table.bytes + 1;
  }
  return parts.map(({ tables: share }) => share).filter((share) => share.length > 0);
}
