import { type TableFacts } from '../../workflows/decisions/backups/manifest';
import { type Mysql, type Session } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';
import { untilStopped } from '../mysql/sessions';
import { type Table } from './logical/tables';

export interface Counting {
  /** The snapshot is open. */
  readonly ready: Promise<void>;
  readonly facts: Promise<TableFacts[]>;
}

/** A whole index of a large table is read for its number of rows. */
const COUNT_WITHIN_MS = 86_400_000;

/** Count the rows of these tables, one after the other, in a snapshot that is opened at once. `stopped`: nobody wants them any more. */
export function countRows(server: Mysql, tables: readonly Table[], stopped?: AbortSignal): Counting {
  let opened: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (opened = resolve));
  const facts = server.session(
    async (session) => {
      await session.run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await session.run('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
      opened();
      const counted = await untilStopped(server, session, stopped, () => counts(session, tables, stopped));
      await session.run('COMMIT');
      return counted;
    },
    { deadlineMs: COUNT_WITHIN_MS },
  );
  facts.catch(() => undefined);
  return { ready: Promise.race([ready, facts.then(() => undefined)]), facts };
}

async function counts(session: Session, tables: readonly Table[], stopped?: AbortSignal): Promise<TableFacts[]> {
  const counted: TableFacts[] = [];
  for (const { schema, name, engine } of tables) {
    stopped?.throwIfAborted();
    const rows = await session.value(`SELECT COUNT(*) FROM ${quoteName(schema)}.${quoteName(name)}`);
    counted.push({ schema, name, engine, rows: Number(rows) });
  }
  return counted;
}

export const inOrder = (tables: readonly TableFacts[]): TableFacts[] =>
  [...tables].sort((one, other) => (`${one.schema}.${one.name}` < `${other.schema}.${other.name}` ? -1 : 1));
