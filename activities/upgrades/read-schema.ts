import { globalPrivileges } from '../../workflows/decisions/doctor/privileges';
import { type InstanceFacts } from '../../workflows/decisions/facts';
import { type SchemaFacts } from '../../workflows/decisions/upgrade/facts';
import { releaseNumber } from '../../workflows/decisions/upgrade/releases';
import { nameOf } from '../../workflows/decisions/upgrade/accounts';
import { type Mysql } from '../mysql/mysql';
import { type PartReader, readParts } from './parts';
import { readAccounts, readClients, readPrivileges } from './read-accounts';
import { readZeroDates } from './read-dates';
import { readForeignKeys } from './read-foreign-keys';
import { readLeftovers, readOddPaths } from './read-leftovers';
import { readPrograms, readStatements } from './read-programs';
import { readColumns, readLargeIndexes, readPartitioned, readPartitions, readTables, readUtf8mb3 } from './read-tables';
import { checkTables } from './check-tables';

/** To see all objects and their text. Without PROCESS InnoDB's own tables are hidden. */
const NEEDED = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'PROCESS'];

/**
 * Everything in the data that an upgrade may stumble over, read on one server, bounded in rows and time. Reads only; without `deep` no table
 * is scanned, but the first rows of those with dates are.
 */
export async function readSchema(server: Mysql, facts: InstanceFacts, deep: boolean): Promise<SchemaFacts> {
  const { version, name } = facts;
  const reader = readParts(server, deep);
  const old = releaseNumber(version) < 80_000;
  const programs = await readPrograms(server, reader, version);
  const views = new Set(programs.filter(({ kind }) => kind === 'VIEW').map((view) => `${view.schema}.${view.name}`));
  const tables = await readTables(reader);
  const { partitions, prefixKeys } = await readPartitions(
    server,
    reader,
    await readPartitioned(reader, tables, version),
  );
  const large = old ? await readLargeIndexes(reader) : [];
  return {
    readOn: name,
    version,
    deep,
    lowerCaseTableNames: Number(await server.value('SELECT @@lower_case_table_names')),
    accounts: await readAccounts(reader, version),
    privileges: await readPrivileges(reader, version),
    clients: await readClients(reader),
    schemas: await readSchemas(reader),
    programs,
    tables,
    partitions,
    columns: await readColumns(server, reader, views, version),
    utf8mb3: await readUtf8mb3(reader, views),
    indexes: [...prefixKeys, ...large],
    foreignKeys: await readForeignKeys(server, reader, old),
    statements: await readStatements(reader),
    leftovers: old ? await readLeftovers(reader) : [],
    oddPaths: await readOddPaths(reader),
    zeroDates: await readZeroDates(server, reader, views),
    tableChecks: deep ? await checkTables(server, reader) : [],
    notRead: reader.notRead,
    blind: blindness(facts),
    us: await ourAccount(server),
  };
}

const readSchemas = (reader: PartReader): Promise<{ name: string; charset: string }[]> =>
  reader.rows(
    'schemas',
    "SELECT SCHEMA_NAME AS name, DEFAULT_CHARACTER_SET_NAME AS charset FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema', 'ndbinfo')",
  );

function blindness({ detail }: InstanceFacts): string[] {
  const held = globalPrivileges(detail?.grants ?? []);
  return held.has('ALL PRIVILEGES') ? [] : NEEDED.filter((privilege) => !held.has(privilege));
}

async function ourAccount(server: Mysql): Promise<string> {
  const [user = '', host = ''] = String(await server.value('SELECT CURRENT_USER()')).split(/@(?=[^@]*$)/);
  return nameOf({ user, host });
}
