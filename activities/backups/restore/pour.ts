import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { type Mysql } from '../../mysql/mysql';
import { type Sink } from '../logical/sink';
import { type Piece, type Pieces } from '../logical/split';
import { type Carry, dropIndexes, type TableName } from './late-indexes';
import { loadSql } from './load';

export interface Pour extends Sink {
  /** Bytes that were handed over. */
  readonly bytes: () => number;
  /** Nothing more comes: sessions that still wait for something end. */
  abandon(): void;
}

export interface PourOrder {
  readonly mysql: Mysql;
  /** Option file of the client program: where to, and as whom. */
  readonly options: string;
  /** Sessions that load. */
  readonly parallel: number;
}

/** Each session has one, which waits in memory while the server is slower than what comes. */
const PIECE_BYTES = 16 * 1_048_576;

interface Table {
  readonly at: TableName;
  readonly loads: Promise<void>[];
  /** What puts back the indexes that were taken away; null = they stay. */
  indexes: Promise<string> | null;
}

/**
 * A dump goes into a server as it comes: pieces of tables by several sessions at once, the secondary indexes of large tables when their rows are
 * there, then what stands beside tables; no accounts. The first session that fails ends all: its error is thrown by what is called next.
 */
export function pourInto({ mysql, options, parallel }: PourOrder): Pour {
  const turn = turnsOf(parallel);
  const bodies = new Set<PassThrough>();
  const open = new Set<Table>();
  const finished: Promise<void>[] = [];
  let poured = 0;
  let failed: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_resolve, reject) => (failed = reject));
  failure.catch(() => undefined);
  const abandon = () => {
    for (const body of bodies) body.destroy(new Error('the dump has broken off'));
  };
  const watched = <Result>(work: Promise<Result>): Promise<Result> => {
    work.catch((error: unknown) => {
      failed(error);
      abandon();
    });
    return work;
  };
  const carryFor =
    ({ schema, table }: TableName): Carry =>
    (sql) =>
      loadSql(options, `the definition of ${schema}.${table}`, Readable.from([sql]));

  const finish = (table: Table): void => {
    open.delete(table);
    const indexed = Promise.all([table.indexes, ...table.loads]).then(async ([indexes]) => {
      if (indexes) await turn(() => carryFor(table.at)(indexes));
    });
    finished.push(watched(indexed));
  };
  const settle = async (): Promise<void> => {
    for (const table of open) finish(table);
    await Promise.race([Promise.all(finished), failure]);
  };

  const pieces = (): Pieces => {
    let table: Table | null = null;
    let body: PassThrough | null = null;
    let hasTurn: Promise<void> = Promise.resolve();
    const tableOf = ({ first, ...at }: Piece): Table => {
      if (!first && table) return table;
      if (table) finish(table);
      const next: Table = { at, loads: [], indexes: null };
      open.add(next);
      return next;
    };
    return {
      begin(piece) {
        const { schema, table: name, first } = piece;
        const filled = new PassThrough({ highWaterMark: 2 * PIECE_BYTES });
        bodies.add(filled);
        const of = tableOf(piece);
        if (!first)
          of.indexes ??= watched(Promise.all(of.loads).then(() => dropIndexes(mysql, of.at, carryFor(of.at))));
        const before = of.indexes ?? Promise.resolve();
        let begun: () => void = () => undefined;
        hasTurn = new Promise((resolve) => (begun = resolve));
        const load = before.then(() =>
          turn(() => {
            begun();
            return loadSql(options, `${schema}.${name}`, filled).finally(() => bodies.delete(filled));
          }),
        );
        of.loads.push(watched(load));
        [table, body] = [of, filled];
      },
      async write(bytes) {
        if (!body) return;
        poured += bytes.length;
        await Promise.race([hasTurn, failure]);
        // Whoever reads it has ended: why is what its load fails with.
        if (!body.write(bytes)) await Promise.race([once(body, 'drain').catch(() => failure), failure]);
      },
      end() {
        body?.end();
        body = null;
        return Promise.race([hasTurn, failure]);
      },
    };
  };

  return {
    pieceBytes: PIECE_BYTES,
    bytes: () => poured,
    abandon,
    pieces,
    async put(part, content) {
      // They need more than may be granted to the account that loads.
      if (part === 'accounts') return;
      await settle();
      await loadSql(options, part, typeof content === 'string' ? Readable.from([content]) : content);
    },
  };
}

/** At most so many at a time, in the order in which they were asked for. */
function turnsOf(many: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = many;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
