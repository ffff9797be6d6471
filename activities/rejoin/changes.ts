import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { type CopiedChanges, type RowChanges } from '../../workflows/decisions/replay';

/** What the output of `mysqlbinlog --verbose` does: read line by line, however long it is. */
export async function changesIn(output: Readable): Promise<CopiedChanges> {
  const reading = readChanges();
  const lines = createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) reading.take(line);
  return reading.end();
}

/**
 * Every event begins with a line `#date … end_log_pos N … Kind`, every row with `### VERB schema.table`; values stand on lines of their own
 * with line breaks escaped, so no value can look like either. The text of a statement could, which only adds: a copy may look worse
 * than it is, never better. Formats seen with mysqlbinlog 9.7.4, also for compressed transactions.
 * Source: MySQL manual, "mysqlbinlog Row Event Display".
 */
export function readChanges(): { take(line: string): void; end(): CopiedChanges } {
  const rows = new Map<string, RowChanges>();
  const others = new Set<string>();
  const open = { statement: false, rows: false };
  let transactions = 0;

  const close = (): void => {
    if (open.statement) others.add('a statement');
    if (open.rows) others.add('rows that are not shown');
    Object.assign(open, { statement: false, rows: false });
  };
  const event = (kind: string, line: string): void => {
    close();
    if (/^GTID/i.test(kind)) transactions += 1;
    else if (kind === 'Query') open.statement = true;
    else if (/^(Write|Update|Delete)_rows/.test(kind)) open.rows = true;
    else if (!HARMLESS.test(kind)) others.add(kind);
    // Without these checks a row that stands in another's way is not found out.
    if (UNCHECKED.test(line)) others.add('rows written with foreign_key_checks or unique_checks off');
  };
  return {
    take(line) {
      const kind = EVENT.exec(line)?.[1];
      if (kind !== undefined) {
        event(kind, line);
        return;
      }
      const row = ROW.exec(line);
      if (row) {
        open.rows = false;
        const [, verb = '', schema = '', table = ''] = row;
        const change = { verb: verb.split(' ')[0] as RowChanges['verb'], table: `${schema}.${table}` };
        const key = `${change.verb} ${change.table}`;
        rows.set(key, { ...change, rows: (rows.get(key)?.rows ?? 0) + 1 });
      } else if (open.statement && !PREPARES.test(line)) {
        open.statement = false;
        if (line !== 'BEGIN') others.add(`statement ${line.trim().split(/\s+/).slice(0, 2).join(' ').toUpperCase()}`);
      }
    },
    end() {
      close();
      return { transactions, rows: [...rows.values()], others: [...others] };
    },
  };
}

const EVENT = /^#\d{6} +\d{1,2}:\d{2}:\d{2} server id \d+ +end_log_pos \d+(?: CRC32 0x[0-9a-f]+)?\s+([^\t:= ]+)/;
const ROW = /^### (INSERT INTO|UPDATE|DELETE FROM) `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`$/;
const UNCHECKED = /_rows: table id \d+ flags:.*(NO_FOREIGN_KEY_CHECKS_F|RELAXED_UNIQUE_CHECKS_F)/;

/** Neither a change nor a doubt. What a compressed transaction holds is shown event by event behind its own line. */
const HARMLESS =
  /^(Start|Previous-GTIDs|Rotate|Table_map|Xid|Stop|Ignorable|Rows_query|Heartbeat|Transaction_payload)/i;

/** Lines that mysqlbinlog puts before a statement's own text. */
const PREPARES = /^(SET |use `|\/\*!(?!\*\/;))|^$/;
