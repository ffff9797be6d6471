import { type Deps, knownInstance, serverAsBackup } from '../../deps';
import { RunbookError } from '../../errors';
import { withClientFile } from '../../mysql/client-file';
import { whileStill } from './hold';
import { type Inside, lookInside, shareOut, withoutSnapshot } from './tables';
import { type Counting, countRows, inOrder } from '../count';
import { type ServerFacts, serverFacts } from '../server-facts';
import { type Copied, type Stoppable, takeBackup, type Taken, type TakeOrder, type Taking } from '../take';
import { readAccounts } from './accounts';
import { dumpOf, storeDefinitions } from './definitions';
import { awaitSnapshots, type Dump } from './snapshots';
import { splitDump } from './split';

/** Large tables are cut into pieces of about so much, so that they are loaded by several sessions. */
const PIECE_BYTES = 64 * 1_048_576;
/** So long the applier stands still at most, beside the time it needs to stop. */
const SNAPSHOTS_WITHIN_MS = 30_000;

/**
 * A logical backup from one consistent snapshot: nothing commits for the moment in which `parallel` dumps and as many counters open theirs; then the
 * server goes on, and every table is dumped, counted, compressed, sealed and stored, a large one in pieces. The manifest comes last. Only a server with tables
 * that have no snapshots (MyISAM) stands still until the end.
 * Throws TOOL_MISSING, TOOL_FAILED, STORE_UNREACHABLE, STORE_FULL, STORE_REFUSED, LOCK_WAIT_EXCEEDED and those of the server.
 */
export const takeLogical = (deps: Deps & Stoppable, order: TakeOrder): Promise<Taken> =>
  takeBackup(deps, order, (taking) => copyAll(deps, order, taking));

interface Opened {
  readonly inside: Inside;
  readonly dumps: readonly Dump[];
  readonly counting: readonly Counting[];
  readonly facts: ServerFacts;
}

async function copyAll(deps: Deps, order: TakeOrder, { policy: { parallel }, files, mark }: Taking): Promise<Copied> {
  const { cluster, source } = order;
  const server = serverAsBackup(deps, cluster, source);
  const instance = knownInstance(cluster, source);
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  return withClientFile(deps, { cluster, instance, account }, async (file) => {
    const running: Dump[] = [];
    const open = async (): Promise<Opened> => {
      const facts = await serverFacts(server);
      const inside = await server.session((session) => lookInside(session), { deadlineMs: SNAPSHOTS_WITHIN_MS });
      const shares = shareOut(inside.tables, parallel);
      for (const [number, share] of shares.entries()) running.push(await dumpOf(file, number, inside, share));
      // Counting sessions come from a small pool that others need, too.
      const counting = shareOut(inside.tables, Math.min(parallel, 2)).map((share) => countRows(server, share));
      if (running.length > 0) await awaitSnapshots(server, running, SNAPSHOTS_WITHIN_MS);
      await Promise.all(counting.map(({ ready }) => ready));
      return { inside, dumps: [...running], counting, facts };
    };
    const store = async ({ inside, dumps }: Opened): Promise<void> => {
      await Promise.all(dumps.map(({ output }) => splitDump(output, files.pieces(), PIECE_BYTES)));
      mark('tables');
      await storeDefinitions(file, inside, files);
      await files.put('accounts', await server.session((session) => readAccounts(session), { deadlineMs: 60_000 }));
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
      return {
        ...{ ...opened.facts, kind: 'logical', tool: 'mysqldump', base: null },
        ...{ counted: inOrder(counted), stillMs: Math.round(stillMs), notes },
      };
    } finally {
      for (const { output } of running) output.destroy();
    }
  });
}
