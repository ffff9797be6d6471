import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type WorkflowHandle } from '@temporalio/client';
import { type Lab } from '../../lab';
import { isAlive } from '../../lab/processes';
import { count, parseGtidSet, subtract } from '../../workflows/decisions/gtid-set';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { type RunbookReport } from '../../workflows/decisions/report';
import { approveUpdate, progressQuery, TASK_QUEUE } from '../../workflows/messages';
import { type Incident, incident } from '../incidents/incident';
import { openPast, type Past } from '../incidents/past';
import { beginFilling, declareProvisioning } from '../incidents/provisioning';
import { eventually, replicaState } from '../support/wait';
import { allIsWell, generator, MINUTES, prepare, primaryOf, rejoin, SEED, within } from './scene';

/**
 * Servers are filled, backed up and restored while binary logs are archived, and in the middle something dies. Not part of `npm test`:
 *   CHAOS_MINUTES=10 CHAOS_SEED=7 npm run test:chaos
 */
test(
  `for ${MINUTES} minutes servers are filled, backed up and proven while things die: no row is lost, in the cluster or in the archive`,
  () =>
    incident(
      { workers: [{}, {}], replicas: 3, perSecond: 50, failover: { atMost: { failovers: 1000, perMinutes: 60 } } },
      async (story) => {
        const { lab, load } = story;
        await prepare(story);
        declareProvisioning(lab);
        const past = await openPast(lab);
        try {
          await past.backUp();
          const random = generator(SEED);
          const until = performance.now() + MINUTES * 60_000;
          for (let round = 1; performance.now() < until; round += 1) {
            const roles = rolesOf(lab, await eventually('a server takes writes', () => primaryOf(lab)), random);
            const { what, run } = await begin(story, past, roles, random);
            const died = await misfortune(story, roles, random);
            const told = `round ${round} (${what}, ${died})`;
            const outcome = await within(story, `${told}: it ends`, outcomeOf(run), run);
            const now = await eventually(`${told}: a server takes writes`, () => primaryOf(lab), 90_000);
            await gather(story, roles, now, told);
            await allIsWell(story, told, now, outcome);
            await archiveIsWhole(lab, past, now, told);
            for (const folder of ['scratch', 'clones'].map((name) => join(lab.folder, name)))
              expect([told, existsSync(folder) ? readdirSync(folder) : []]).toEqual([told, []]);
            process.stdout.write(`${told}: ${outcome}; ${load.acknowledged.length} rows acknowledged, all there\n`);
          }
          await past.stopArchive();
        } finally {
          await past.close();
        }
      },
    ),
  (MINUTES + 8) * 60_000,
);

interface Roles {
  readonly primary: string;
  readonly filled: string;
  readonly other: string;
}

function rolesOf(lab: Lab, primary: string, random: () => number): Roles {
  const replicas = lab.servers.map(({ name }) => name).filter((name) => name !== primary);
  const [filled = ''] = replicas.splice(Math.floor(random() * replicas.length), 1);
  return { primary, filled, other: replicas[Math.floor(random() * replicas.length)] ?? '' };
}

async function begin(
  story: Incident,
  { client }: Past,
  { filled }: Roles,
  random: () => number,
): Promise<{ readonly what: string; readonly run: WorkflowHandle }> {
  const which = random();
  if (which < 0.5) {
    const strategy = random() < 0.5 ? 'clone' : 'logical';
    return {
      what: `${filled} is filled by ${strategy}`,
      run: await beginFilling(story, { instance: filled, strategy, rebuild: true }),
    };
  }
  const [runbook, input] =
    which < 0.65 ? ['backUp', {}] : which < 0.8 ? ['backUp', { kind: 'physical' }] : ['verifyBackup', {}];
  const run = await client.workflow.start(runbook, {
    ...{ workflowId: `chaos/${runbook}/${Date.now()}`, taskQueue: TASK_QUEUE, workflowTaskTimeout: '3 s' },
    args: [{ cluster: story.lab.cluster, ...input }],
  });
  return { what: `${runbook} ${JSON.stringify(input)}`, run };
}

/** At some moment of it. */
async function misfortune(
  { lab, faults }: Incident,
  { primary, filled, other }: Roles,
  random: () => number,
): Promise<string> {
  const what = random();
  const afterMs = Math.round(random() * 3_000);
  const told = (words: string) => `${afterMs} ms later ${words}`;
  await pause(afterMs);
  if (what < 0.1) return told('nothing happens');
  if (what < 0.4) {
    const worker = lab.state.workers[Math.floor(random() * lab.state.workers.length)];
    if (!worker) return told('nothing happens');
    await faults.killWorker(worker);
    await lab.startWorker();
    return told(`${worker.name} is killed`);
  }
  if (what < 0.55) {
    faults.pauseTemporal();
    await pause(3_000);
    faults.resumeTemporal();
    return told('Temporal stands still for 3 s');
  }
  if (what < 0.7) {
    await faults.kill(primary);
    return told(`${primary} is killed`);
  }
  const dies = what < 0.85 ? filled : other;
  await faults.kill(dies);
  // As a supervisor does; where the run has started it itself, nothing happens.
  await pause(Math.round(random() * 5_000));
  await eventually(`${dies} is up again`, async () => {
    if (!isAlive(lab.server(dies))) await faults.start(dies);
    return true;
  });
  return told(`${dies} is killed and comes back`);
}

/** Agrees to whatever is asked: a donor alone acknowledges while the other one is away. */
async function outcomeOf(run: WorkflowHandle): Promise<string> {
  const state = { over: false };
  const ended = (run.result() as Promise<RunbookReport>)
    .then(
      ({ outcome, headline }) => `${outcome}: ${headline}`,
      (error: unknown) => `no report: ${String(error)}`,
    )
    .finally(() => (state.over = true));
  while (!state.over) {
    const question = await run.query(progressQuery).then(
      (progress) => progress.question,
      () => null,
    );
    const vote = { by: 'ada@example.com', plan: question?.planHash ?? '' };
    if (question) await run.executeUpdate(approveUpdate, { args: [vote] }).catch(() => undefined);
    await Promise.race([ended, pause(500)]);
  }
  return ended;
}

/** Everybody is up and follows; who cannot any more is filled anew, as the report of a broken filling says. */
async function gather(story: Incident, { primary: old }: Roles, now: string, told: string): Promise<void> {
  const { lab, faults } = story;
  if (old !== now) await rejoin(story, old, now);
  for (const { name } of lab.servers) {
    if (name === now) continue;
    if (!isAlive(lab.server(name))) await faults.start(name);
    const follows = await eventually(`${name} follows`, () => follow(lab, name, now), 20_000).catch(() => false);
    if (follows) continue;
    const report = await beginFilling(story, { instance: name, rebuild: true });
    expect([told, name, await within(story, `${name} is filled anew`, outcomeOf(report))]).toEqual([
      ...[told, name],
      expect.stringMatching(/^done/),
    ]);
    await eventually(`${told}: ${name} follows`, () => follow(lab, name, now), 60_000);
  }
}

async function follow(lab: Lab, name: string, primary: string): Promise<boolean> {
  const state = await replicaState(lab, name);
  return state?.source === primary && state.receiver === 'Yes' && state.applier === 'Yes';
}

/** Each transaction once, and none missing of what is there now. */
async function archiveIsWhole(lab: Lab, { shelf }: Past, primary: string, told: string): Promise<void> {
  const executed = parseGtidSet(String(await lab.value(primary, 'SELECT @@global.gtid_executed')));
  await eventually(
    `${told}: the archive has everything once`,
    async () => {
      const { files, beginning, gaps } = await shelf.coverage();
      const archived = gtidsOf(files);
      const missing = subtract(subtract(executed, archived), parseGtidSet(beginning?.before ?? ''));
      const twice = files.reduce((sum, file) => sum + count(parseGtidSet(file.gtids)), 0) - count(archived);
      if (twice === 0 && gaps.length === 0 && count(missing) === 0) return true;
      throw new Error(`${twice} twice, gaps ${JSON.stringify(gaps)}, ${count(missing)} missing`);
    },
    60_000,
  );
}
