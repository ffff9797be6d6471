import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type WorkflowHandle } from '@temporalio/client';
import { observerDetails } from '../../activities/observe/last-seen';
import { type Lab } from '../../lab';
import { rowKey, rowsOn } from '../../lab/load';
import { follow } from '../../lab/mysqld/roles';
import { isAlive, signal } from '../../lab/processes';
import { changeId, progressQuery } from '../../workflows/messages';
import { type Incident } from '../incidents/incident';
import { violatedInvariants } from '../support/invariants';
import { eventually } from '../support/wait';

export const MINUTES = Number(process.env.CHAOS_MINUTES ?? 1);
export const SEED = Number(process.env.CHAOS_SEED ?? 1);

/** A fleet in which a server can be cloned, and fail over as often as it must. */
export async function prepare({ lab }: Incident): Promise<void> {
  liftLimits(lab);
  await lab.rows('db1', "CREATE USER cloner@'%' IDENTIFIED BY 'lab-only'");
  await lab.rows('db1', "GRANT BACKUP_ADMIN ON *.* TO cloner@'%'");
}

/** Until every invariant holds and every row that was acknowledged is on the primary. */
export const allIsWell = ({ lab, load }: Incident, told: string, primary: string, report: unknown): Promise<true> =>
  eventually(
    `${told}: every invariant holds`,
    async () => {
      const violated = await violatedInvariants(lab, { primary });
      const rows = await rowsOn(lab, primary);
      const lost = load.acknowledged.filter(
        (write) => write.atMs < performance.now() - 2_000 && !rows.has(rowKey(write)),
      );
      if (lost.length > 0) throw new Error(`${lost.length} acknowledged rows are not on ${primary}`);
      if (violated.length > 0) throw new Error(`${violated.join('\n')}\n${JSON.stringify(report, null, 1)}`);
      return true as const;
    },
    60_000,
  );

/** What the run and the watcher say, for the one who has to find out why a round failed. */
export async function stateOf({ client, lab }: Incident): Promise<string> {
  const progress = await client.workflow.getHandle(changeId(lab.cluster)).query(progressQuery).catch(String);
  const observer = await observerDetails(client, lab.cluster).catch(String);
  const sessions = await Promise.all(lab.servers.map(async ({ name }) => ({ name, doing: await doingOn(lab, name) })));
  return JSON.stringify({ progress, observer, sessions }, null, 1);
}

const doingOn = (lab: Lab, name: string): Promise<unknown> =>
  Promise.race([
    lab.rows(name, "SELECT id, user, time, state, info FROM performance_schema.processlist WHERE command <> 'Sleep'"),
    pause(2_000).then(() => 'no answer in 2 s'),
  ]).catch(String);

/** Fails with what the run and the watcher say where something waits longer than anything here should. */
export async function within<Result>(
  story: Incident,
  what: string,
  work: Promise<Result>,
  run?: WorkflowHandle,
): Promise<Result> {
  const late = new AbortController();
  const alarm = pause(WITHIN_MS, undefined, { signal: late.signal }).then(async () => {
    const doing = await run?.query(progressQuery).catch(String);
    throw new Error(`not within ${WITHIN_MS} ms: ${what}\n${JSON.stringify(doing, null, 1)}\n${await stateOf(story)}`);
  });
  try {
    return await Promise.race([work, alarm]);
  } finally {
    late.abort();
    alarm.catch(() => undefined);
  }
}

const WITHIN_MS = 120_000;

/** What a person does today with an old primary: rebuild it from the new one, and let it follow. */
export async function rejoin({ lab, faults }: Incident, old: string, primary: string): Promise<void> {
  const { uuid, pid } = lab.server(old);
  if (uuid && pid) signal(lab.server(old), 'SIGCONT');
  await faults.start(old);
  // Commits that waited for an acknowledgement when it was stopped end only when the quarantine lets them, with their sessions.
  await eventually(
    `${old} is quarantined`,
    async () =>
      (await lab.value(
        old,
        `SELECT @@global.super_read_only AND NOT @@global.rpl_semi_sync_source_enabled AND NOT EXISTS (SELECT 1 FROM performance_schema.processlist WHERE user = 'app')`,
      )) === 1,
    30_000,
  );
  // The quarantine of a server that has just shown itself ends sessions, ours too.
  const extra = await eventually(`${old} says what it has`, async () => ({
    gtids: await lab.value(primary, 'SELECT GTID_SUBTRACT(?, @@global.gtid_executed)', [
      String(await lab.value(old, 'SELECT @@global.gtid_executed')),
    ]),
  }));
  if (extra.gtids !== '') {
    const donor = lab.server(primary);
    // The watcher guards against exactly this, a server outside the tree that opens up: it may close it again under our hands.
    await eventually(
      `${old} is cloned from ${primary}`,
      async () => {
        // It ends itself behind a complete clone; whoever asked may have been cut off before the answer.
        if (!isAlive(lab.server(old))) return true;
        await lab.rows(old, 'SET GLOBAL super_read_only = OFF');
        await lab.rows(old, `SET GLOBAL clone_valid_donor_list = '${donor.host}:${donor.port}'`);
        const clone = `CLONE INSTANCE FROM cloner@'${donor.host}':${donor.port} IDENTIFIED BY 'lab-only'`;
        const said = await lab.rows(old, clone).then(String, String);
        if (!said.includes('Restart server failed')) throw new Error(said);
        return true;
      },
      30_000,
    );
    await faults.stop(old);
    await faults.start(old);
  }
  await eventually(`${old} follows ${primary}`, async () => {
    await lab.rows(old, 'STOP REPLICA').catch(() => []);
    // A clone brings the donor's positions along, for relay logs that are not there; a crash within a reset leaves half a channel.
    await lab.rows(old, 'RESET REPLICA ALL');
    await follow(lab.state, lab.server(old), primary);
    return true;
  });
}

export async function primaryOf(lab: Lab): Promise<string> {
  for (const { name } of lab.servers) {
    const answer = await Promise.race([
      lab.value(name, 'SELECT @@global.read_only').catch(() => 1),
      new Promise((resolve) => setTimeout(() => resolve(1), 300)),
    ]);
    if (answer === 0) return name;
  }
  throw new Error('nobody takes writes');
}

/** Hours of flapping are the point here; a human would be asked after the first. */
function liftLimits(lab: Lab): void {
  appendFileSync(lab.inventoryPath, 'limits: { automaticFailovers: { failovers: 1000, perMinutes: 60 } }\n');
}

/** mulberry32: the same seed, the same story. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
