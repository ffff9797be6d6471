import { type WorkflowHandle } from '@temporalio/client';
import { reportOf } from '../../lab/follow-run';
import { follow } from '../../lab/mysqld/roles';
import { isAlive } from '../../lab/processes';
import { begin } from '../incidents/faulty-worker';
import { type Incident, incident } from '../incidents/incident';
import { eventually } from '../support/wait';
import { allIsWell, generator, MINUTES, prepare, primaryOf, rejoin, SEED, stateOf, within } from './scene';

/**
 * The primary is moved on purpose, again and again, and in the middle something dies. Not part of `npm test`:
 *   CHAOS_MINUTES=10 CHAOS_SEED=7 npm run test:chaos
 */
test(
  `for ${MINUTES} minutes the primary is moved while servers, workers and Temporal die, and no acknowledged row is lost`,
  () =>
    incident(
      { workers: [{}, {}], replicas: 2, failover: { atMost: { failovers: 1000, perMinutes: 60 } } },
      async (story) => {
        const { lab, load } = story;
        await prepare(story);
        const random = generator(SEED);
        const until = performance.now() + MINUTES * 60_000;
        for (let round = 1; performance.now() < until; round += 1) {
          const old = await eventually('a server takes writes', () => primaryOf(lab));
          const replicas = lab.servers.map(({ name }) => name).filter((name) => name !== old);
          const to = replicas[Math.floor(random() * replicas.length)] ?? '';
          const run = await eventually('the lock is free', () =>
            begin(story, { to, drainSeconds: 5 }, 'plannedSwitchover'),
          );
          const told = await misfortune(story, { old, to }, random);
          const outcome = await within(story, `round ${round} (${told}): the change ends`, outcomeOf(run));
          const now = await eventually(
            `round ${round} (${told}): a server takes writes`,
            async () => {
              const primary = await primaryOf(lab);
              const last = load.acknowledged.at(-1);
              if (last && last.atMs > performance.now() - 1_000 && last.by === lab.server(primary).uuid) return primary;
              throw new Error(await stateOf(story));
            },
            90_000,
          );
          await within(story, `round ${round} (${told}): everybody is gathered`, gather(story, { old, to, now }));
          await allIsWell(story, `round ${round} (${told})`, now, outcome);
          process.stdout.write(
            `round ${round}: ${told}; ${outcome}; ${old} → ${now}; ${load.acknowledged.length} rows acknowledged, all there\n`,
          );
        }
      },
    ),
  (MINUTES + 5) * 60_000,
);

interface Roles {
  readonly old: string;
  readonly to: string;
}

/** At some moment of the change, from its first look to its end. */
async function misfortune({ lab, faults }: Incident, { old, to }: Roles, random: () => number): Promise<string> {
  const what = random();
  const afterMs = Math.round(random() * 1_200);
  const told = (words: string) => `to ${to}, ${afterMs} ms later ${words}`;
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  if (what < 0.15) return told('nothing happens');
  if (what < 0.4) {
    const worker = lab.state.workers[Math.floor(random() * lab.state.workers.length)];
    if (!worker) return told('nothing happens');
    await faults.killWorker(worker);
    await lab.startWorker();
    return told(`${worker.name} is killed`);
  }
  if (what < 0.55) {
    faults.pauseTemporal();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    faults.resumeTemporal();
    return told('Temporal stands still for 3 s');
  }
  const other = lab.servers.map(({ name }) => name).find((name) => name !== old && name !== to) ?? '';
  const dies = what < 0.75 ? old : what < 0.9 ? to : other;
  await faults.kill(dies);
  return told(`${dies} is killed`);
}

const outcomeOf = (run: WorkflowHandle): Promise<string> =>
  reportOf(run).then(
    ({ outcome, headline }) => `${outcome}: ${headline}`,
    (error: unknown) => `no report: ${String(error)}`,
  );

/** Everybody is up again and follows the primary, as a person would see to it. */
async function gather(story: Incident, { old, to, now }: Roles & { readonly now: string }): Promise<void> {
  const { lab, faults } = story;
  for (const { name } of lab.servers) {
    if (name === now || isAlive(lab.server(name))) continue;
    if (name === old || name === to) await rejoin(story, name, now);
    else await faults.start(name);
  }
  for (const { name } of lab.servers)
    if (name !== now)
      await eventually(
        `${name} follows ${now}`,
        async () => {
          const [status] = await lab.rows(name, 'SHOW REPLICA STATUS');
          const follows = Number(status?.['Source_Port']) === lab.server(now).port;
          if (follows && status?.['Replica_IO_Running'] === 'Yes' && status['Replica_SQL_Running'] === 'Yes')
            return true;
          await lab.rows(name, 'STOP REPLICA').catch(() => []);
          await follow(lab.state, lab.server(name), now);
          return false;
        },
        60_000,
      );
}
