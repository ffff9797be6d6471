import { incident, type Incident } from '../incidents/incident';
import { eventually } from '../support/wait';
import { allIsWell, generator, MINUTES, prepare, primaryOf, rejoin, SEED, stateOf } from './scene';

/**
 * Things die at random, one after the other and on top of each other, while clients write. Not part of `npm test`:
 *   CHAOS_MINUTES=10 CHAOS_SEED=7 npm run test:chaos
 */
test(
  `for ${MINUTES} minutes primaries, workers and Temporal die at random, and no acknowledged row is lost`,
  () =>
    incident(
      { workers: [{}, {}], replicas: 2, failover: { atMost: { failovers: 1000, perMinutes: 60 } } },
      async (story) => {
        const { lab, load } = story;
        await prepare(story);
        const random = generator(SEED);
        const until = performance.now() + MINUTES * 60_000;
        for (let round = 1; performance.now() < until; round += 1) {
          const old = await primaryOf(lab);
          const told = await misfortune(story, old, random);
          const opened = await eventually(
            `round ${round} (${told}): another server takes writes`,
            async () => {
              const now = await primaryOf(lab).catch(() => old);
              if (now !== old) return now;
              throw new Error(await stateOf(story));
            },
            60_000,
          );
          await load.nextAcknowledgement(undefined, lab.server(opened).uuid);
          const report = await story.report();
          await rejoin(story, old, opened);
          await allIsWell(story, `round ${round} (${told})`, opened, report);
          process.stdout.write(
            `round ${round}: ${told}; ${old} → ${opened}; ${load.acknowledged.length} rows acknowledged, all there\n`,
          );
        }
      },
    ),
  (MINUTES + 5) * 60_000,
);

/** One of the deaths of a primary, and sometimes somebody else's a moment later. */
async function misfortune({ lab, faults }: Incident, primary: string, random: () => number): Promise<string> {
  const hang = random() < 0.4;
  const other = random();
  const afterMs = Math.round(random() * 600);
  if (hang) faults.hang(primary);
  else await faults.kill(primary);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const first = hang ? `${primary} hangs` : `${primary} is killed`;
  if (other < 0.4) {
    const worker = lab.state.workers[Math.floor(random() * lab.state.workers.length)];
    if (!worker) return first;
    await faults.killWorker(worker);
    await lab.startWorker();
    return `${first}, ${afterMs} ms later ${worker.name} is killed`;
  }
  if (other < 0.6) {
    faults.pauseTemporal();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    faults.resumeTemporal();
    return `${first}, ${afterMs} ms later Temporal stands still for 3 s`;
  }
  return first;
}
