import { type WorkflowHandle } from '@temporalio/client';
import { type RunProgress } from '../../workflows/messages';
import { type RunbookReport } from '../../workflows/decisions/report';
import { type Lab } from '../../lab';
import { readersOf } from '../../lab/haproxy';
import { caughtUp, replicaState } from '../support/wait';
import { begin } from './faulty-worker';
import { type Incident } from './incident';

type Scene = Pick<Incident, 'client' | 'lab'>;

/** Let a server come back as a person would; resolves with the report. */
export const rejoin = async (scene: Scene, input: object = {}): Promise<RunbookReport> =>
  (await begin(scene, { instance: 'db1', ...input }, 'rejoinInstance')).result() as Promise<RunbookReport>;

/**
 * db1 dies when everybody has all of it, another is opened, and db1 is started again: closed, copying from nobody, with nothing that the
 * others lack. Returns the new primary.
 */
export async function db1HasBeenReplaced({ lab, load, faults, start }: Incident): Promise<string> {
  await load.stop();
  for (const replica of ['db2', 'db3']) await caughtUp(lab, replica, 'db1');
  await faults.kill('db1');
  const told = await start();
  expect(told.outcome).toBe('done');
  await faults.start('db1');
  return told.newPrimary ?? '';
}

/** Transactions that only `server` gets, as somebody with every privilege could make them. */
export async function writeOn(lab: Lab, server: string, ...statements: readonly string[]): Promise<void> {
  await lab.rows(server, 'SET GLOBAL super_read_only = OFF');
  for (const statement of statements) await lab.rows(server, statement);
  await lab.rows(server, 'SET GLOBAL super_read_only = ON');
}

/** A row as the load's writers write it, of a writer that there is not. */
export const order = (sequence: number, uuid = 'of-db1'): string =>
  `INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (900, ${sequence}, '${uuid}')`;

export const ordersOn = async (lab: Lab, server: string): Promise<string> =>
  String(
    await lab.value(
      server,
      `SELECT COALESCE(GROUP_CONCAT(CONCAT(sequence, ' ', server_uuid) ORDER BY sequence), '') FROM shop.orders WHERE writer = 900`,
    ),
  );

export const executedOn = async (lab: Lab, server: string): Promise<string> =>
  String(await lab.value(server, 'SELECT @@global.gtid_executed'));

/** Everything that a replica must be: it follows, is closed for good, acknowledges, and runs no event of its own. */
export async function expectReplica(lab: Lab, server: string, source: string): Promise<void> {
  expect(await replicaState(lab, server)).toMatchObject({ source, receiver: 'Yes', applier: 'Yes' });
  const [row] = await lab.rows(
    server,
    `SELECT @@global.super_read_only AS closed, @@global.offline_mode AS away, @@global.rpl_semi_sync_source_enabled AS waits,
            (SELECT VARIABLE_VALUE FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = 'super_read_only') AS boots`,
  );
  expect(row).toEqual({ closed: 1, away: 0, waits: 0, boots: 'ON' });
  expect(await lab.rows(server, "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE STATUS = 'ENABLED'")).toEqual(
    [],
  );
}

/** Servers that the router sends reads to, by its own word. */
export const readers = async (lab: Lab): Promise<string[]> => (lab.router ? readersOf(lab.router) : []);

/** Until the run asks something; fails with its headline when it ends instead. */
export const askedBy = async ({ progress }: Incident, run: WorkflowHandle): Promise<RunProgress> => {
  const asked = await progress(
    ({ runbook, question, outcome }) => runbook === 'rejoinInstance' && (question !== null || outcome !== null),
  );
  if (asked.question === null) throw new Error(`${run.workflowId} ended: ${asked.headline}`);
  return asked;
};
