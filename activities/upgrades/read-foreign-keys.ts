import { type ForeignKeyFacts, type TablePlace } from '../../workflows/decisions/upgrade/facts';
import { type Mysql } from '../mysql/mysql';
import { nameOfFile } from './file-names';
import { OTHERS } from './others';
import { type PartReader } from './parts';

interface KeyRow extends TablePlace {
  readonly name: string;
  readonly parentSchema: string;
  readonly parentTable: string;
  readonly parentColumns: string;
  readonly parentEngine: string | null;
}

/** Foreign keys that a later release does not take as they are. `longNames`: whether they may still exist (5.7). */
export async function readForeignKeys(
  server: Mysql,
  reader: PartReader,
  longNames: boolean,
): Promise<ForeignKeyFacts[]> {
  const keys = await reader.rows<KeyRow>(
    'foreign keys',
    `SELECT k.CONSTRAINT_SCHEMA AS \`schema\`, k.TABLE_NAME AS \`table\`, k.CONSTRAINT_NAME AS name,
            k.REFERENCED_TABLE_SCHEMA AS parentSchema, k.REFERENCED_TABLE_NAME AS parentTable,
            GROUP_CONCAT(k.REFERENCED_COLUMN_NAME ORDER BY k.ORDINAL_POSITION SEPARATOR '\\n') AS parentColumns, NULL AS parentEngine
       FROM information_schema.KEY_COLUMN_USAGE k
      WHERE k.CONSTRAINT_SCHEMA ${OTHERS} AND k.REFERENCED_TABLE_NAME IS NOT NULL
      GROUP BY 1, 2, 3, 4, 5`,
  );
  const parents = await readParents(server, reader, keys);
  const found = keys.flatMap((key): ForeignKeyFacts[] => {
    const { schema, table, name, parentSchema, parentTable } = key;
    const parentColumns = key.parentColumns.split('\n');
    const parent = parents.get(parentOf(key));
    const rest = { schema, table, name, parent: { schema: parentSchema, table: parentTable }, parentColumns };
    if (!parent) return [];
    if (parent.engine !== '' && !/^(innodb|ndb|ndbcluster)$/i.test(parent.engine)) return [{ ...rest, kind: 'engine' }];
    return parent.unique.includes(key.parentColumns.toLowerCase()) ? [] : [{ ...rest, kind: 'no unique key' }];
  });
  return [...found, ...(longNames ? await readLongNames(reader) : [])];
}

const parentOf = ({ parentSchema, parentTable }: Pick<KeyRow, 'parentSchema' | 'parentTable'>) =>
  JSON.stringify([parentSchema, parentTable]);

interface Parent {
  readonly engine: string;
  /** Columns of each unique key, by line, lower case. */
  readonly unique: readonly string[];
}

/** Each parent by its name, which costs one table; all keys of all tables would open the whole server. */
async function readParents(server: Mysql, reader: PartReader, keys: readonly KeyRow[]): Promise<Map<string, Parent>> {
  const parents = new Map<string, Parent>();
  for (const key of keys) {
    const id = parentOf(key);
    if (parents.has(id)) continue;
    const parent = await reader.part<Parent | null>(
      `keys of ${key.parentSchema}.${key.parentTable}`,
      null,
      async () => {
        const at = [key.parentSchema, key.parentTable];
        const engine = await server.value(
          'SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
          at,
        );
        const unique = await server.rows<{ columns: string }>(
          `SELECT LOWER(GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR '\\n')) AS columns FROM information_schema.STATISTICS
          WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 GROUP BY INDEX_NAME HAVING MAX(SUB_PART) IS NULL`,
          at,
        );
        return { engine: String(engine ?? ''), unique: unique.map(({ columns }) => columns) };
      },
    );
    if (parent) parents.set(id, parent);
  }
  return parents;
}

/** InnoDB's own names, as its dictionary has them: information_schema.KEY_COLUMN_USAGE cuts them at 64. */
async function readLongNames(reader: PartReader): Promise<ForeignKeyFacts[]> {
  const rows = await reader.rows<{ id: string; child: string; parent: string }>(
    'names of foreign keys',
    "SELECT ID AS id, FOR_NAME AS child, REF_NAME AS parent FROM information_schema.INNODB_SYS_FOREIGN WHERE CHAR_LENGTH(SUBSTRING_INDEX(ID, '/', -1)) > 64",
  );
  return rows.map(({ id, child, parent }) => ({
    ...tableOf(child),
    name: id.split('/').at(-1) ?? id,
    kind: 'long' as const,
    parent: tableOf(parent),
    parentColumns: [],
  }));
}

function tableOf(file: string): TablePlace {
  const [schema = '', table = ''] = file.split('/');
  return { schema: nameOfFile(schema), table: nameOfFile(table) };
}
