import { type Readable } from 'node:stream';

/** Where the pieces of a dump go. */
export interface Pieces {
  /** A new piece begins; the one before it has ended. */
  begin(at: Piece): void;
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

export interface Piece {
  readonly schema: string;
  readonly table: string;
  /** It holds the table's definition. */
  readonly first: boolean;
}

const SCHEMA = '-- Current Database: `';
const TABLE = '-- Table structure for table `';
const ROWS = '\nINSERT INTO `';
const COMPLETE = '-- Dump completed';
/** The longest heading: two names of 64 characters of four bytes, and quotes. */
const MOST_HEADING = 1_024;

/**
 * Cut what mysqldump prints for several databases into pieces that can be loaded each by itself: one for each table, and a large table
 * into several, between two statements. mysqldump escapes line breaks in values and comments, so a heading at the beginning of a line is one.
 * `bytesOf`: from so many bytes on, a piece ends before the next statement. Throws when the dump does not end with its last line.
 */
export async function splitDump(dump: Readable, pieces: Pieces, bytesOf: (piece: Piece) => number): Promise<void> {
  let header: Buffer | null = null;
  let schema = '';
  let table = '';
  /** Bytes of the piece that is open; null = what comes is not kept. */
  const piece: { written: number | null; most: number } = { written: null, most: 0 };
  let preamble: Buffer = Buffer.alloc(0);
  let pending: Buffer = Buffer.alloc(0);
  let tail = '';

  const keep = async (bytes: Buffer): Promise<void> => {
    if (bytes.length === 0) return;
    if (header === null) preamble = Buffer.concat([preamble, bytes]);
    else if (piece.written !== null) {
      await pieces.write(bytes);
      piece.written += bytes.length;
    }
  };
  const close = async (): Promise<void> => {
    if (piece.written !== null) await pieces.end();
    piece.written = null;
  };
  const open = async (first: boolean): Promise<void> => {
    await close();
    const at = { schema, table, first };
    pieces.begin(at);
    [piece.written, piece.most] = [0, bytesOf(at)];
    await keep(header ?? Buffer.alloc(0));
    await keep(Buffer.from(`\nUSE \`${schema.replaceAll('`', '``')}\`;\n`));
    piece.written = 0;
  };

  for await (const chunk of dump as AsyncIterable<Buffer>) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    tail = `${tail}${chunk.subarray(-200).toString('latin1')}`.slice(-200);
    for (;;) {
      const next = nextCut(pending, piece.written !== null && piece.written >= piece.most);
      if (next === null) break;
      if (next.kind !== 'rows' && next.end < 0) {
        if (pending.length - next.at > MOST_HEADING) throw new Error('a heading of the dump is not understood');
        break;
      }
      // The line break before a heading belongs to what was before it.
      await keep(pending.subarray(0, next.kind === 'rows' ? next.at : next.at + 1));
      if (next.kind === 'rows') {
        pending = pending.subarray(next.at);
        await open(false);
        // The statement itself is passed over: it begins where this cut was found.
        await keep(pending.subarray(0, ROWS.length));
        pending = pending.subarray(ROWS.length);
        continue;
      }
      const name = pending.toString('utf8', next.from, next.end).replaceAll('``', '`');
      if (next.kind === 'schema') {
        await close();
        schema = name;
      } else {
        header ??= preamble;
        table = name;
        await open(true);
      }
      header ??= preamble;
      pending = pending.subarray(next.end + 1);
    }
    // A heading may be cut in two by the end of a chunk.
    const safe = pending.length - SAFE;
    const upTo = nextCut(pending, false)?.at ?? safe;
    if (Math.min(safe, upTo) > 0) {
      await keep(pending.subarray(0, Math.min(safe, upTo)));
      pending = pending.subarray(Math.min(safe, upTo));
    }
  }
  await keep(pending);
  await close();
  if (!tail.includes(COMPLETE)) throw new Error('the dump ends before its last line');
}

interface Cut {
  readonly kind: 'schema' | 'table' | 'rows';
  readonly at: number;
  /** Of the name. */
  readonly from: number;
  /** The closing quote at the end of its line; -1 = it has not come yet. */
  readonly end: number;
}

const SAFE = Math.max(SCHEMA.length, TABLE.length, ROWS.length) + 1;

function nextCut(bytes: Buffer, cutRows: boolean): Cut | null {
  const found = [
    headingIn(bytes, 'schema', SCHEMA),
    headingIn(bytes, 'table', TABLE),
    ...(cutRows ? [rowsIn(bytes)] : []),
  ];
  return found.reduce((first, one) => (one !== null && (first === null || one.at < first.at) ? one : first), null);
}

function headingIn(bytes: Buffer, kind: 'schema' | 'table', heading: string): Cut | null {
  const at = bytes.indexOf(`\n${heading}`);
  if (at < 0) return null;
  const from = at + 1 + heading.length;
  return { kind, at, from, end: bytes.indexOf('`\n', from) };
}

function rowsIn(bytes: Buffer): Cut | null {
  const at = bytes.indexOf(ROWS);
  return at < 0 ? null : { kind: 'rows', at, from: at, end: at };
}
