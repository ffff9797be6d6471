import { type TableFacts } from '../../../workflows/decisions/backups/manifest';
import { type Deps, knownInstance, serverAsBackup } from '../../deps';
import { RunbookError } from '../../errors';
import { withClientFile } from '../../mysql/client-file';
import { type Counting, countRows, inOrder } from '../count';
import { serverFacts, type ServerFacts } from '../server-facts';
import { type Accounts, accountsOfNow } from './accounts';
import { dumpOf, fullName, storeDefinitions, storeSchemas } from './definitions';
import { type HoldOrder, whileStill } from './hold';
import { type Sink } from './sink';
import { awaitSnapshots, type Dump } from './snapshots';
import { type Piece, splitDump } from './split';
import { type Inside, lookInside, shareOut, withoutSnapshot } from './tables';

export interface DumpOrder extends HoldOrder {
  /** Sessions that dump. */
  readonly parallel: number;
  /** Count the rows of every table in the same snapshot. */
  readonly count: boolean;
  /** Its accounts as SQL, as they are now. */
  readonly accounts: () => Promise<string>;
}

/** From this size on a table's definition is a piece of its own: its indexes can be made when its rows are there. */
const LARGE_BYTES = 4 * 1_048_576;
/** So long the applier stands still at most, beside the time it needs to stop. */
const SNAPSHOTS_WITHIN_MS = 30_000;

export interface Dumped extends ServerFacts {
  /** SQL. */
  readonly accounts: string;
  readonly counted: readonly TableFacts[];
  readonly stillMs: number;
  readonly notes: readonly string[];
}

interface Opened {
  readonly inside: Inside;
  readonly dumps: readonly Dump[];
  readonly counting: readonly Counting[];
  readonly facts: ServerFacts;
  /** SQL. */
  readonly accounts: string;
}

/**
 * Everything of one server as it was at one moment, into `sinkFor` (told what comes): nothing commits for the moment in which `parallel` dumps open their
 * snapshots. Throws TOOL_MISSING, TOOL_FAILED, LOCK_WAIT_EXCEEDED, those of the server and of the sink.
 */
export async function dumpAll(
  deps: Deps,
  order: DumpOrder,
  sinkFor: (inside: Inside) => Sink,
  mark: (name: string) => void,
): Promise<Dumped> {
  const { cluster, source, parallel } = order;
  const server = serverAsBackup(deps, cluster, source);
  const instance = knownInstance(cluster, source);
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  return withClientFile(deps, { cluster, instance, account }, async (file) => {
    const running: Dump[] = [];
    const over = new AbortController();
    const known: { accounts: Accounts | null } = { accounts: null };
    const open = async (): Promise<Opened> => {
      const facts = await serverFacts(server);
      const inside = await server.session((session) => lookInside(session), { deadlineMs: SNAPSHOTS_WITHIN_MS });
      const shares = shareOut(inside.tables, parallel);
      for (const [number, share] of shares.entries()) running.push(await dumpOf(file, number, inside, share));
      // Counting sessions come from a small pool that others need, too.
      const counted = order.count ? inside.tables : [];
      const counting = shareOut(counted, Math.min(parallel, 2)).map((share) => countRows(server, share, over.signal));
      if (running.length > 0) await awaitSnapshots(server, running, SNAPSHOTS_WITHIN_MS);
      await Promise.all(counting.map(({ ready }) => ready));
      // A server shows accounts from its memory, not from a snapshot: what is created or dropped later must not be in it.
      const { sql: accounts } = await accountsOfNow(server, order.accounts, known.accounts);
      return { inside, dumps: [...running], counting, facts, accounts };
    };
    const store = async ({ inside, dumps, accounts }: Opened): Promise<void> => {
      const files = sinkFor(inside);
      const large = new Set(inside.tables.filter(({ bytes }) => bytes >= LARGE_BYTES).map(fullName));
      const bytesOf = ({ schema, table, first }: Piece) =>
        first && large.has(fullName({ schema, name: table })) ? 0 : files.pieceBytes;
      await storeSchemas(inside, files);
      await Promise.all(dumps.map(({ output }) => splitDump(output, files.pieces(), bytesOf)));
      mark('tables');
      await storeDefinitions(file, inside, files);
      await files.put('accounts', accounts);
      const now = await server.session((session) => lookInside(session), { deadlineMs: 60_000 });
      if (now.fingerprint !== inside.fingerprint)
        throw new RunbookError({
          code: 'TOOL_FAILED',
          message: `a definition on ${source} was changed during the dump`,
          hint: 'It is tried again; take backups apart from schema changes.',
        });
      mark('definitions');
    };

    try {
      const begun = performance.now();
      const without = await withoutSnapshot(server, SNAPSHOTS_WITHIN_MS);
      // One that is dropped between two statements makes them fail: it is read again while nothing commits.
      known.accounts = await accountsOfNow(server, order.accounts).catch(() => null);
      let stillMs = 0;
      const still = <Result>(work: () => Promise<Result>) =>
        whileStill(deps, order, async () => {
          mark('still');
          return work();
        }).finally(() => (stillMs = performance.now() - begun));
      const opened =
        without.length === 0
          ? await still(open)
          : await still(async () => {
              const now = await open();
              await store(now);
              return now;
            });
      mark('snapshots');
      if (without.length === 0) await store(opened);
      const counted = (await Promise.all(opened.counting.map(({ facts }) => facts))).flat();
      mark('counted');
      const notes =
        without.length === 0
          ? []
          : [`nothing was applied until the end, because ${without.slice(0, 3).join(', ')} have no snapshots`];
      const { facts, accounts } = opened;
      return { ...facts, accounts, counted: inOrder(counted), stillMs: Math.round(stillMs), notes };
    } finally {
      for (const { output } of running) output.destroy();
      over.abort();
    }
  });
}
