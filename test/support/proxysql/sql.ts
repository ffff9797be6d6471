/** The little of SQLite that the admin interface is asked: one statement, one table. What it does not know it refuses, as SQLite does. */
export type Value = string | null;
export type Cells = Record<string, Value>;

export interface Table {
  readonly columns: readonly string[];
  readonly key: readonly string[];
  readonly rows: Cells[];
  /** Throws where a CHECK of the real table would. */
  readonly check?: (row: Cells) => void;
}

export class SqlError extends Error {}

export type Outcome =
  { readonly columns: readonly string[]; readonly rows: readonly Cells[] } | { readonly affected: number };

const KINDS = ['text', 'number', 'word', 'sign'] as const;
type Token = { readonly kind: (typeof KINDS)[number]; readonly text: string };

const TOKEN = /\s*(?:(?<text>'(?:[^']|'')*')|(?<number>-?\d+)|(?<word>[A-Za-z_][\w.-]*)|(?<sign>[(),=*]))/y;

function tokens(sql: string): Token[] {
  const found: Token[] = [];
  const scan = new RegExp(TOKEN);
  while (scan.lastIndex < sql.trimEnd().length) {
    const at = scan.lastIndex;
    const groups = scan.exec(sql)?.groups ?? {};
    const kind = KINDS.find((one) => groups[one] !== undefined);
    if (!kind) throw new SqlError(`near "${sql.slice(at).trim().split(/\s/)[0]}": syntax error`);
    const text = groups[kind]!;
    found.push({ kind, text: kind === 'text' ? text.slice(1, -1).replaceAll("''", "'") : text });
  }
  return found;
}

class Reader {
  private at = 0;
  constructor(private readonly all: readonly Token[]) {}
  is = (word: string): boolean => {
    const token = this.all[this.at];
    return token !== undefined && token.kind !== 'text' && token.text.toUpperCase() === word;
  };
  take = (word: string): boolean => {
    if (!this.is(word)) return false;
    this.at += 1;
    return true;
  };
  must = (word: string): void => {
    if (!this.take(word)) throw this.unexpected();
  };
  name = (): string => {
    const token = this.all[this.at];
    if (token?.kind !== 'word') throw this.unexpected();
    this.at += 1;
    return token.text;
  };
  value = (): Value => {
    const token = this.all[this.at];
    if (this.take('NULL')) return null;
    if (token?.kind !== 'text' && token?.kind !== 'number') throw this.unexpected();
    this.at += 1;
    return token.text;
  };
  list = <T>(one: () => T): T[] => {
    this.must('(');
    const found = [one()];
    while (this.take(',')) found.push(one());
    this.must(')');
    return found;
  };
  end = (): void => {
    if (this.at < this.all.length) throw this.unexpected();
  };
  unexpected = (): SqlError => new SqlError(`near "${this.all[this.at]?.text ?? ''}": syntax error`);
}

type Condition = (row: Cells) => boolean;

function where(read: Reader, table: Table): Condition {
  const conditions: Condition[] = [];
  if (!read.take('WHERE')) return () => true;
  do {
    const column = known(table, read.name());
    if (read.take('=')) {
      const value = read.value();
      conditions.push((row) => row[column] === value);
    } else if (read.take('IN')) {
      const values = read.list(read.value);
      conditions.push((row) => values.includes(row[column] ?? null));
    } else {
      read.must('LIKE');
      const like = (read.value() ?? '').replace(/%$/, '');
      conditions.push((row) => (row[column] ?? '').startsWith(like));
    }
  } while (read.take('AND'));
  return (row) => conditions.every((holds) => holds(row));
}

function known(table: Table, column: string): string {
  if (table.columns.includes(column)) return column;
  throw new SqlError(`no such column: ${column}`);
}

/** Carry out one statement on the tables that `tableNamed` finds. */
export function execute(sql: string, tableNamed: (name: string) => Table | undefined): Outcome {
  const read = new Reader(tokens(sql));
  const table = () => {
    const name = read.name();
    const found = tableNamed(name);
    if (!found) throw new SqlError(`no such table: ${name}`);
    return found;
  };
  if (read.take('SELECT')) return select(read, table);
  if (read.take('UPDATE')) return update(read, table());
  if (read.take('DELETE')) {
    read.must('FROM');
    return remove(read, table());
  }
  const replaces = read.take('REPLACE');
  if (!replaces) read.must('INSERT');
  read.must('INTO');
  return insert(read, table(), replaces);
}

function select(read: Reader, table: () => Table): Outcome {
  const columns: string[] = [];
  if (!read.take('*')) {
    do columns.push(read.name());
    while (read.take(','));
  }
  read.must('FROM');
  const from = table();
  for (const column of columns) known(from, column);
  const holds = where(read, from);
  read.end();
  const shown = columns.length > 0 ? columns : from.columns;
  const rows = from.rows.filter(holds).map((row) => Object.fromEntries(shown.map((one) => [one, row[one] ?? null])));
  return { columns: shown, rows };
}

function update(read: Reader, table: Table): Outcome {
  read.must('SET');
  const values: Cells = {};
  do {
    const column = known(table, read.name());
    read.must('=');
    values[column] = read.value();
  } while (read.take(','));
  const holds = where(read, table);
  read.end();
  const rows = table.rows.filter(holds);
  for (const row of rows) table.check?.({ ...row, ...values });
  for (const row of rows) Object.assign(row, values);
  return { affected: rows.length };
}

function remove(read: Reader, table: Table): Outcome {
  const holds = where(read, table);
  read.end();
  const kept = table.rows.filter((row) => !holds(row));
  const affected = table.rows.length - kept.length;
  table.rows.splice(0, Infinity, ...kept);
  return { affected };
}

function insert(read: Reader, table: Table, replaces: boolean): Outcome {
  const columns = read.list(() => known(table, read.name()));
  read.must('VALUES');
  const rows: Cells[] = [];
  do {
    const values = read.list(read.value);
    if (values.length !== columns.length) throw new SqlError(`${values.length} values for ${columns.length} columns`);
    rows.push(Object.fromEntries(columns.map((column, index) => [column, values[index] ?? null])));
  } while (read.take(','));
  read.end();
  const twin = (row: Cells) =>
    table.rows.findIndex((other) => table.key.every((column) => other[column] === row[column]));
  for (const row of rows) {
    table.check?.(row);
    if (!replaces && twin(row) >= 0) throw new SqlError('UNIQUE constraint failed');
  }
  for (const row of rows) {
    const at = twin(row);
    if (at >= 0) table.rows.splice(at, 1);
    table.rows.push(row);
  }
  return { affected: rows.length };
}
