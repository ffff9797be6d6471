import { type BinlogEvent, EVENT } from './event';
import { opensTransaction, placeAfter, type Place } from './boundaries';
import { readDdl } from './ddl';
import { gtidText } from './gtid';
import { eventsWithin, readPayload, unpackAll, type Payload } from './payload';
import { readQuery } from './query';
import { readRows, readTableMap, type RowKind, type TableMap } from './rows';
import { openedBy } from './tally';
import { walkEvents } from './walk';

/** What one transaction did to one table, by one kind of statement. */
export interface Change {
  readonly gtid: string;
  /** ISO 8601, by the clock of the server where it was made. */
  readonly at: string;
  readonly schema: string;
  /** Null: the whole schema. */
  readonly table: string | null;
  readonly kind: RowKind | 'drop' | 'truncate' | 'ddl';
  /** Null: a statement, or values of a type that we cannot count. */
  readonly rows: number | null;
  /** Of a statement: its text as far as it is useful. */
  readonly text: string | null;
}

interface Opened {
  readonly gtid: string;
  readonly at: string;
  readonly events: (BinlogEvent | Payload)[];
}

const LONGEST_TEXT = 200;
/** So many packed transactions are unpacked by one process. */
const BATCH = 500;

/** All that a file's transactions did, in their order. Ends without an error where the file is torn; rejects with ENOENT without zstd. */
export async function* changesIn(chunks: AsyncIterable<Buffer>): AsyncGenerator<Change> {
  let waiting: Opened[] = [];
  let place: Place = 'between';
  let open: Opened | null = null;
  for await (const event of walkEvents(chunks)) {
    if (opensTransaction(event)) open = opened(event);
    else if (open && place !== 'between') open.events.push(asKept(event));
    place = placeAfter(place, event);
    if (place !== 'between' || !open) continue;
    waiting.push(open);
    open = null;
    if (waiting.length >= BATCH) {
      yield* told(waiting);
      waiting = [];
    }
  }
  yield* told(waiting);
}

/** Buffers of a walk are views of what is read next: rows are counted later, so they are kept as copies. */
const asKept = (event: BinlogEvent): BinlogEvent | Payload =>
  event.header.type === EVENT.payload
    ? readPayload(Buffer.from(event.body))
    : { ...event, raw: event.raw, body: Buffer.from(event.body) };

function opened(event: BinlogEvent): Opened {
  const { gtid, ms } = openedBy(event);
  return { gtid: gtid ? gtidText(gtid) : 'without a GTID', at: new Date(ms).toISOString(), events: [] };
}

async function* told(transactions: readonly Opened[]): AsyncGenerator<Change> {
  const packed = transactions.flatMap(({ events }) => events.filter(isPayload));
  const unpacked = new Map((await unpackAll(packed)).map((bytes, i) => [packed[i], bytes]));
  for (const { gtid, at, events } of transactions) {
    const flat = events.flatMap((one) => {
      const bytes = isPayload(one) ? unpacked.get(one) : undefined;
      return isPayload(one) ? [...eventsWithin(bytes ?? Buffer.alloc(0))] : [one];
    });
    yield* gathered(flat).map((change) => ({ gtid, at, ...change }));
  }
}

const isPayload = (one: BinlogEvent | Payload): one is Payload => 'packed' in one;

type Part = Omit<Change, 'gtid' | 'at'>;

/** One line for each table and kind of a transaction, however many events its rows were written in. */
function gathered(events: readonly BinlogEvent[]): Part[] {
  const tables = new Map<number, TableMap>();
  const lines = new Map<string, Part>();
  for (const event of events) {
    if (event.header.type === EVENT.tableMap) {
      const map = readTableMap(event.body);
      tables.set(map.id, map);
    } else if (event.header.type === EVENT.query) {
      for (const part of statement(event.body)) lines.set(`${lines.size}`, part);
    } else addRows(lines, tables, event);
  }
  return [...lines.values()];
}

function addRows(lines: Map<string, Part>, tables: ReadonlyMap<number, TableMap>, event: BinlogEvent): void {
  const rows = readRows(event);
  const map = rows && tables.get(rows.tableId);
  if (!map) return;
  const key = `${map.schema}.${map.table} ${rows.kind}`;
  const before = lines.get(key);
  const count = rows.count(map.columns);
  const sum = count === null || before?.rows === null ? null : count + (before?.rows ?? 0);
  lines.set(key, { schema: map.schema, table: map.table, kind: rows.kind, rows: sum, text: null });
}

function statement(body: Buffer): Part[] {
  const { schema, text } = readQuery(body);
  const ddl = readDdl(text, schema);
  const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)} …` : text;
  return (ddl?.tables ?? []).map((place) => ({ ...place, kind: ddl?.kind ?? 'ddl', rows: null, text: short }));
}
