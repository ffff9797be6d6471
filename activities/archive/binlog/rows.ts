import { type Column, isJson, readColumns, skipValue } from './columns';
import { EVENT, type BinlogEvent } from './event';
import { cursorAt, packed, take, unsigned, type Cursor } from './numbers';

export interface TableMap {
  readonly id: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Column[];
}

/** Read which table the rows behind it belong to. Throws RangeError. Source: MySQL source, Table_map_event, rows_event.h. */
export function readTableMap(body: Buffer): TableMap {
  const cursor = cursorAt(body);
  const id = unsigned(cursor, 6);
  unsigned(cursor, 2);
  const name = () => {
    const text = take(cursor, packed(cursor)).toString('utf8');
    take(cursor, 1);
    return text;
  };
  return { id, schema: name(), table: name(), columns: readColumns(cursor) };
}

export type RowKind = 'insert' | 'update' | 'delete';

const KINDS: Readonly<Record<number, RowKind>> = {
  [EVENT.writeRowsV1]: 'insert',
  [EVENT.writeRows]: 'insert',
  [EVENT.updateRowsV1]: 'update',
  [EVENT.updateRows]: 'update',
  [EVENT.partialUpdateRows]: 'update',
  [EVENT.deleteRowsV1]: 'delete',
  [EVENT.deleteRows]: 'delete',
};

export interface Rows {
  readonly kind: RowKind;
  readonly tableId: number;
  /** Null: a type of a later release is among them, so they cannot be told apart. */
  count(columns: readonly Column[]): number | null;
}

/** Rows of one table; undefined for another kind of event. Throws RangeError. Source: MySQL source, Rows_event, rows_event.h. */
export function readRows({ header, body }: BinlogEvent): Rows | undefined {
  const kind = KINDS[header.type];
  if (!kind) return undefined;
  const cursor = cursorAt(body);
  const tableId = unsigned(cursor, 6);
  unsigned(cursor, 2);
  const first = header.type < EVENT.writeRows;
  if (!first) take(cursor, unsigned(cursor, 2) - 2);
  const images = kind === 'update' ? 2 : 1;
  const partial = header.type === EVENT.partialUpdateRows;
  return { kind, tableId, count: (columns) => countRows({ ...cursor }, columns, images, partial) };
}

function countRows(cursor: Cursor, columns: readonly Column[], images: number, partial: boolean): number | null {
  try {
    const width = packed(cursor);
    const present = Array.from({ length: images }, () => bitsOf(take(cursor, (width + 7) >> 3), columns));
    let rows = 0;
    for (; cursor.at < cursor.bytes.length; rows += 1)
      present.forEach((shown, image) => skipImage(cursor, shown, partial && image === 1 ? columns : null));
    return rows;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** `json`: the columns of a table of which JSON values may be given as a difference. */
function skipImage(cursor: Cursor, shown: readonly Column[], json: readonly Column[] | null): void {
  if (json && packed(cursor) & 1) take(cursor, (json.filter(isJson).length + 7) >> 3);
  const nulls = take(cursor, (shown.length + 7) >> 3);
  shown.forEach((column, i) => {
    if (((nulls[i >> 3] ?? 0) & (1 << (i & 7))) === 0) skipValue(cursor, column);
  });
}

const bitsOf = (bits: Buffer, columns: readonly Column[]): Column[] =>
  columns.filter((_, i) => ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0);
