import { setTimeout as pause } from 'node:timers/promises';
import { isNearItsEnd } from '../../../workflows/decisions/backups/physical';
import { type PhysicalPolicy } from '../../../workflows/decisions/backups/policy';
import { type Deps, serverAsBackup, serverNamed } from '../../deps';
import { RunbookError } from '../../errors';
import { type Mysql } from '../../mysql/mysql';
import { type Counting, countRows, inOrder } from '../count';
import { whileStill } from '../logical/hold';
import { lookInside, withoutSnapshot } from '../logical/tables';
import { serverFacts, type ServerFacts } from '../server-facts';
import { type Copied, type Stoppable, type TakeOrder, type Taking } from '../take';
import { copyHostOf } from './host';

const LOOK_EVERY_MS = 100;
const LOOK_WITHIN_MS = 30_000;
/** Hours of copying; Node's timers take no more. */
const STATEMENT_MS = 2_000_000_000;

/**
 * CLONE LOCAL DATA DIRECTORY, streamed as tar. What the copy holds is decided when the server begins to copy its redo log, at the end; the server itself does
 * not say what that is (its clone_status has no GTIDs of a local clone), and the files would have to be recovered to find out. So the applier
 * stands still from shortly before that moment until that redo log is copied, and the GTID set is the one at which it stands.
 * Throws INVALID_INPUT (tables that CLONE would empty), TOOL_FAILED, those of the store and of the server.
 * Source: MySQL manual, "Cloning Data Locally", "The clone_progress Table"; seen on 9.7.4.
 */
export async function copyByClone(
  deps: Deps & Stoppable,
  order: TakeOrder,
  { folder }: PhysicalPolicy,
  { files, mark }: Taking,
): Promise<Copied> {
  const { cluster, source, id } = order;
  const host = copyHostOf(cluster, source);
  const server = serverNamed(deps, cluster, source);
  const copied = serverAsBackup(deps, cluster, source);
  const emptied = await withoutSnapshot(copied, LOOK_WITHIN_MS);
  if (emptied.length > 0) throw wouldEmpty(source, emptied);
  const destination = `${folder}/${id}`;
  const remove = () => host.say(['rm', '-rf', '--', destination]);
  await endClone(server, id);
  await remove();
  const begun = performance.now();
  try {
    const quick = await cloneOnce(deps, order, destination, false, mark);
    if (!quick) await remove();
    // It was over before the applier stood: so it is short enough to stand for all of it.
    const { facts, counting, stillMs } =
      quick ?? (await cloneOnce(deps, order, destination, true, mark)) ?? neverExact();
    mark('cloned');
    const cloneSeconds = Math.round((performance.now() - begun) / 1000);
    await files.put('data', host.read(['tar', '--create', '--file=-', `--directory=${destination}`, '.']), 'data.tar');
    mark('stored');
    return {
      ...{ ...facts, kind: 'physical', tool: 'CLONE LOCAL', base: null, stillMs },
      counted: inOrder(await counting.facts),
      notes: [`cloned in ${cloneSeconds} s`],
    };
  } finally {
    await endClone(server, id).catch(() => undefined);
    await remove().catch(() => undefined);
  }
}

interface Cloned {
  readonly facts: ServerFacts;
  readonly counting: Counting;
  readonly stillMs: number;
}

/** null = it may hold less than what had been executed when the applier stood. `standing`: it stands from before the beginning. */
async function cloneOnce(
  deps: Deps & Stoppable,
  order: TakeOrder,
  destination: string,
  standing: boolean,
  mark: (name: string) => void,
): Promise<Cloned | null> {
  const { cluster, source, id } = order;
  const server = serverNamed(deps, cluster, source);
  const copied = serverAsBackup(deps, cluster, source);
  const statement = { over: false };
  let ended: Promise<unknown> = Promise.resolve();
  const start = () => {
    ended = copied
      .run('CLONE LOCAL DATA DIRECTORY = ?', [destination], { deadlineMs: STATEMENT_MS })
      .finally(() => (statement.over = true));
    // Whoever waits is told of it.
    ended.catch(() => undefined);
  };
  const until = async (seen: (stages: Stages) => boolean) => {
    while (!statement.over && !seen(await readStages(server, id))) await pause(LOOK_EVERY_MS);
    if (statement.over) await ended;
  };

  const before = await serverFacts(copied);
  if (!standing) {
    start();
    mark('cloning');
    await until(nearItsEnd());
  }
  const begun = performance.now();
  const cloned = await whileStill(deps, order, async () => {
    mark('still');
    if (standing) start();
    const facts = await serverFacts(copied);
    const isDecided = !standing && (statement.over || (await readStages(server, id)).redo !== 'Not Started');
    if (isDecided && facts.gtidExecuted !== before.gtidExecuted) return null;
    const { tables } = await copied.session((session) => lookInside(session), { deadlineMs: LOOK_WITHIN_MS });
    const counting = countRows(copied, tables, deps.stopped);
    await counting.ready;
    await until(({ redo }) => redo === 'Completed');
    return { facts, counting };
  });
  const stillMs = Math.round(performance.now() - begun);
  await ended;
  return cloned && { ...cloned, stillMs };
}

type State = 'Not Started' | 'In Progress' | 'Completed' | 'Failed';

interface Stages {
  /** Of the files, which are copied first. */
  readonly files: State;
  readonly done: number;
  readonly total: number;
  readonly redo: State;
}

/** Of the clone into a folder of that name; nothing has begun while it is not known yet. */
async function readStages(server: Mysql, id: string): Promise<Stages> {
  const rows = await server.rows<{ stage: string; state: State; done: number; total: number }>(
    `SELECT p.STAGE AS stage, p.STATE AS state, CAST(p.DATA AS DOUBLE) AS done, CAST(p.ESTIMATE AS DOUBLE) AS total
       FROM performance_schema.clone_progress p JOIN performance_schema.clone_status c USING (ID)
      WHERE c.DESTINATION LIKE ? AND p.STAGE IN ('FILE COPY', 'REDO COPY')`,
    [`%/${id}/`],
  );
  const [files, redo] = ['FILE COPY', 'REDO COPY'].map((name) => rows.find(({ stage }) => stage === name));
  return {
    ...{ files: files?.state ?? 'Not Started', done: files?.done ?? 0, total: files?.total ?? 0 },
    redo: redo?.state ?? 'Not Started',
  };
}

function nearItsEnd(): (stages: Stages) => boolean {
  const since = performance.now();
  return ({ files, done, total }) => {
    if (files === 'Not Started') return false;
    const rate = done / Math.max(0.001, (performance.now() - since) / 1000);
    return isNearItsEnd({ isDone: files !== 'In Progress', left: total - done, rate });
  };
}

/** One that an attempt which died has left running goes on in the server. */
async function endClone(server: Mysql, id: string): Promise<void> {
  for (;;) {
    const [running] = await server.rows<{ session: number }>(
      `SELECT c.PID AS session FROM performance_schema.clone_status c
         JOIN performance_schema.threads t ON t.PROCESSLIST_ID = c.PID
        WHERE c.STATE = 'In Progress' AND c.DESTINATION LIKE ?`,
      [`%/${id}/`],
    );
    if (!running) return;
    // It may end just now.
    await server.run(`KILL ${running.session}`).catch(() => undefined);
    await pause(LOOK_EVERY_MS);
  }
}

const wouldEmpty = (source: string, tables: readonly string[]): RunbookError =>
  new RunbookError({
    code: 'INVALID_INPUT',
    message: `CLONE copies no rows of tables that are not InnoDB, and ${source} has ${tables.slice(0, 3).join(', ')}`,
    hint: 'Change their engine, or take a logical backup.',
  });

const neverExact = (): never => {
  throw new RunbookError({
    code: 'INTERNAL',
    message: 'a copy that was made standing still is not exact',
    hint: 'Please report this.',
  });
};
