import { type LeftoverFacts, type TablePlace } from '../../workflows/decisions/upgrade/facts';
import { nameOfFile } from './file-names';
import { type PartReader } from './parts';

/** InnoDB's own helpers of full-text indexes, temporary tables of ALTER, and partitions. */
const NOT_A_TABLE = /^(FTS_0|#sql)/i;

/**
 * What InnoDB's dictionary and the table definitions of 5.7 do not say alike: a crash in the middle of a DROP, a file that somebody moved.
 * Newer servers have one dictionary. Source: MySQL 8.0 manual, "Preparing Your Installation for Upgrade".
 */
export async function readLeftovers(reader: PartReader): Promise<LeftoverFacts[]> {
  const inside = await reader.rows<{ name: string }>(
    "InnoDB's tables",
    "SELECT NAME AS name FROM information_schema.INNODB_SYS_TABLES WHERE NAME LIKE '%/%'",
  );
  const defined = await reader.rows<TablePlace & { engine: string }>(
    'table definitions',
    "SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table`, COALESCE(ENGINE, '') AS engine FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE'",
  );
  if (reader.notRead.some(({ part }) => part === 'table definitions')) return [];
  const engines = new Map(defined.map(({ schema, table, engine }) => [keyOf({ schema, table }), engine]));
  const told = new Set<string>();
  return inside.flatMap(({ name }): LeftoverFacts[] => {
    const [folder = '', file = ''] = name.split('/');
    if (NOT_A_TABLE.test(file)) return [];
    const at = { schema: nameOfFile(folder), table: nameOfFile(file.split(/#P#/i)[0] ?? file) };
    const engine = engines.get(keyOf(at));
    if (told.has(keyOf(at)) || engine === 'InnoDB' || engine === '') return [];
    told.add(keyOf(at));
    return [
      engine === undefined ? { ...at, kind: 'no definition', engine: '' } : { ...at, kind: 'two engines', engine },
    ];
  });
}

const keyOf = ({ schema, table }: TablePlace) => JSON.stringify([schema.toLowerCase(), table.toLowerCase()]);

export const readOddPaths = (reader: PartReader): Promise<{ tablespace: string; path: string }[]> =>
  reader.rows(
    'tablespace files',
    "SELECT TABLESPACE_NAME AS tablespace, FILE_NAME AS path FROM information_schema.FILES WHERE FILE_TYPE = 'TABLESPACE' AND FILE_NAME LIKE '%_/../%'",
  );
