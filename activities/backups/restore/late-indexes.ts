import { type Mysql } from '../../mysql/mysql';
import { quoteName } from '../../mysql/quoting';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Carries out statements that no binary log is to have, whatever their time. */
export type Carry = (sql: string) => Promise<void>;

const READ_WITHIN = { deadlineMs: 60_000 };
/** Each build sorts in this much. */
const SORT_BYTES = 33_554_432;

/**
 * Take the secondary indexes of an empty table away and return what puts them back, '' = there are none, or they must stay (a foreign key or
 * a counter needs one). Built at the end they are sorted once, instead of changed in another place for each row.
 * Source: MySQL manual, "Sorted Index Builds".
 */
export async function dropIndexes(server: Mysql, at: TableName, carry: Carry): Promise<string> {
  const indexes = plainIndexes(await definitionOf(server, at));
  if (indexes.length === 0) return '';
  const dropped = indexes.map(({ name }) => `DROP INDEX ${name}`).join(', ');
  try {
    await carry(`SET SESSION foreign_key_checks = 1;\nALTER TABLE ${nameOf(at)} ${dropped}`);
  } catch (error) {
    if (plainIndexes(await definitionOf(server, at)).length === indexes.length) return '';
    throw error;
  }
  const added = indexes.map(({ definition }) => `ADD ${definition}`).join(', ');
  return `/*!80027 SET SESSION innodb_ddl_buffer_size = ${SORT_BYTES} */;\nALTER TABLE ${nameOf(at)} ${added}`;
}

const nameOf = ({ schema, table }: TableName): string => `${quoteName(schema)}.${quoteName(table)}`;

async function definitionOf(server: Mysql, at: TableName): Promise<string> {
  const [row] = await server.rows<Record<string, string>>(`SHOW CREATE TABLE ${nameOf(at)}`, [], READ_WITHIN);
  return row?.['Create Table'] ?? '';
}

export interface PlainIndex {
  /** Quoted. */
  readonly name: string;
  /** As in CREATE TABLE: KEY `a` (`b`). */
  readonly definition: string;
}

/** Those that hold nothing up but speed: no unique one, which rows are checked by, and none of another kind. One line each, as the server prints. */
export function plainIndexes(createTable: string): PlainIndex[] {
  return createTable.split('\n').flatMap((line) => {
    const [, definition, name] = /^ {2}(KEY (`(?:[^`]|``)+`) .*?),?$/.exec(line) ?? [];
    return definition !== undefined && name !== undefined ? [{ name, definition }] : [];
  });
}
