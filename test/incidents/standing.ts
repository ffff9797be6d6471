import { WorkflowNotFoundError } from '@temporalio/client';
import { observerDetails } from '../../activities/observe/last-seen';
import { changeId } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { type Lab } from '../../lab';
import { startLoad } from '../../lab/load';
import { type Incident } from './incident';

/** Until the cluster's observer says so. Its words go out with each heartbeat. */
export const watcherSays = ({ client, lab }: Incident, words: RegExp): Promise<unknown> =>
  eventually(`the watcher says ${String(words)}`, async () => {
    const details = await observerDetails(client, lab.cluster);
    if (details && words.test(details.state)) return true;
    throw new Error(`it says: ${details?.state ?? 'nothing'}`);
  });

/** Until the observer's memory of the primary is as the test needs it. */
export const watcherSaw = (
  { client, lab }: Incident,
  what: string,
  holds: (seen: { semiSyncActive: boolean | null; acknowledgers: readonly string[] }) => boolean,
): Promise<unknown> =>
  eventually(`the watcher saw that ${what}`, async () => {
    const details = await observerDetails(client, lab.cluster);
    return details?.lastSeen ? holds(details.lastSeen) : false;
  });

/** Nothing has taken the cluster's lock so far. */
export async function expectNoRun({ client, lab }: Incident): Promise<void> {
  await expect(client.workflow.getHandle(changeId(lab.cluster)).describe()).rejects.toThrow(WorkflowNotFoundError);
}

/** The GTID set of `source`'s transactions that `replica` has received, whether it has executed them or not. */
export async function receivedBy(lab: Lab, replica: string, source: string): Promise<unknown> {
  const [status] = await lab.rows(replica, 'SHOW REPLICA STATUS');
  const retrieved = String(status?.['Retrieved_Gtid_Set'] ?? '');
  const all = `${lab.server(source).uuid}:1-${Number.MAX_SAFE_INTEGER}`;
  return lab.value(
    replica,
    `SELECT GTID_SUBTRACT(held, GTID_SUBTRACT(held, ?)) FROM
       (SELECT CONCAT_WS(',', @@global.gtid_executed, NULLIF(?, '')) AS held) AS sets`,
    [all, retrieved],
  );
}

/**
 * Ends the load and waits until every replica has received all of db1, just behind a row of the watcher's, which writes one a second: what
 * dies now dies with nothing that it alone had, and a scene about something else is not one of a loss.
 */
export async function standStill({ lab, load }: Incident): Promise<void> {
  await load.stop();
  const beat = () => lab.value('db1', 'SELECT MAX(written_at) FROM runbooks.heartbeat');
  const before = await beat();
  await eventually('the watcher has written', async () => (await beat()) !== before);
  const names = lab.servers.map(({ name }) => name);
  await eventually('all have received the same', async () => {
    const sets = await Promise.all(names.map((name) => receivedBy(lab, name, 'db1')));
    return new Set(sets).size === 1;
  });
}

/** Clients come back and are served by `server`. */
export async function servedBy({ lab }: Pick<Incident, 'lab'>, server: string): Promise<void> {
  const load = startLoad(lab, { perSecond: 20 });
  await load.nextAcknowledgement(undefined, lab.server(server).uuid);
  await load.stop();
}

/** How many of `server`'s own transactions `replica` has not received. */
export async function notReceived({ lab }: Incident, server: string, replica: string): Promise<number> {
  const [status] = await lab.rows(replica, 'SHOW REPLICA STATUS');
  const received = `${String(status?.['Executed_Gtid_Set'])},${String(status?.['Retrieved_Gtid_Set'])}`.replace(
    /,$/,
    '',
  );
  const missing = await lab.value(server, 'SELECT GTID_SUBTRACT(@@global.gtid_executed, ?)', [received]);
  return String(missing)
    .split(',')
    .flatMap((set) => set.trim().split(':').slice(1))
    .map((interval) => interval.split('-').map(Number))
    .reduce((sum, [from = 0, to = from]) => sum + to - from + 1, 0);
}

/**
 * For good: the variable already says ON while the statement that sets it still waits, and may yet fail. offline_mode is off again
 * only when a runbook that needed it is through.
 */
export const isClosed = async (lab: Lab, server: string): Promise<boolean> =>
  Number(
    await lab.value(
      server,
      `SELECT @@global.super_read_only AND NOT @@global.offline_mode AND NOT EXISTS
         (SELECT * FROM performance_schema.threads WHERE PROCESSLIST_INFO LIKE 'SET GLOBAL super_read_only%')`,
    ),
  ) === 1;
