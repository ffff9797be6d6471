import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { type Client } from '@temporalio/client';
import { type Activities } from '../../activities';
import { type Inventory } from '../../activities/inventory/inventory';
import { resolveSecret } from '../../activities/inventory/secrets';
import { channelNames } from '../../activities/notify/channels';
import { tellChannel } from '../../activities/notify/tell';
import { findTemporal } from '../../lab/programs/temporal';
import { SEARCH_ATTRIBUTES } from '../../lab/temporal';
import { auditSinks } from '../../workers/audit';
import { activityContext, signsOfLife } from '../../workers/context';
import { failuresOfActivities } from '../../workers/failures';
import { newsOf } from '../../workers/news';
import { type SecretReference } from '../../workflows/decisions/cluster';
import { EMERGENCY_TASK_QUEUE, TASK_QUEUE } from '../../workflows/messages';

export const ELSEWHERE = 'elsewhere';
const WORKFLOWS = join(__dirname, '../../workflows');

/** The workflows as production bundles them, once for all test files: kept until a workflow's source changes. */
export async function workflowBundle(interceptors: readonly string[] = []): Promise<{ code: string }> {
  const hash = createHash('sha256');
  for (const file of interceptors) hash.update(file).update(readFileSync(file));
  for (const file of readdirSync(WORKFLOWS, { recursive: true, encoding: 'utf8' }).sort())
    if (file.endsWith('.ts')) hash.update(file).update(readFileSync(join(WORKFLOWS, file)));
  const folder = join(__dirname, '../../node_modules/.cache/workflow-bundle');
  const kept = join(folder, `${hash.digest('hex')}.js`);
  try {
    return { code: readFileSync(kept, 'utf8') };
  } catch {
    const { code } = await bundleWorkflowCode({
      ...{ workflowsPath: WORKFLOWS, workflowInterceptorModules: [...interceptors] },
      logger: new DefaultLogger('ERROR'),
    });
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${kept}.${process.pid}`, code);
    renameSync(`${kept}.${process.pid}`, kept);
    return { code };
  }
}

export interface TestTemporal {
  readonly env: TestWorkflowEnvironment;
  stop(): Promise<void>;
}

/** Who is told of runs: notifications are real where a test names some. */
export type Told = Pick<Inventory, 'notifications' | 'slack' | 'people' | 'temporal'>;

/** `fast`: days pass in seconds, see fast-clock.ts. */
export type Clock = 'real' | 'fast';
const FAST_CLOCK = join(__dirname, 'fast-clock.ts');

/** A real development server with our search attributes, and one worker for each queue, with these activities. */
export async function startTemporal(
  activities: Activities,
  elsewhere: Partial<Activities>,
  told: (() => Told) | null = null,
  clock: Clock = 'real',
): Promise<TestTemporal> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const [path, workflow] = await Promise.all([findTemporal(), workflowBundle(clock === 'fast' ? [FAST_CLOCK] : [])]);
  const extraArgs = [
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...['transferProcessorMaxPollRPS', 'timerProcessorMaxPollRPS'].flatMap((setting) => [
      '--dynamic-config-value',
      `history.${setting}=2000`,
    ]),
  ];
  const env = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path }, extraArgs, log: { format: 'json', level: 'never' } },
  });
  const telling = told && tellingActivities(env.client, told);
  const sinks = {
    ...auditSinks(undefined),
    ...newsOf(env.client, () => Promise.resolve(told?.() ?? { notifications: [] }), console.error),
  };
  const workers = await Promise.all(
    [EMERGENCY_TASK_QUEUE, TASK_QUEUE, ELSEWHERE].map((taskQueue) =>
      Worker.create({
        connection: env.nativeConnection,
        taskQueue,
        ...(taskQueue === ELSEWHERE
          ? { activities: elsewhere }
          : { activities: { ...activities, ...telling }, workflowBundle: { code: workflow.code }, sinks }),
        interceptors: { activity: [signsOfLife, failuresOfActivities] },
        shutdownGraceTime: '1 s',
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  return {
    env,
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await env.teardown();
    },
  };
}

function tellingActivities(client: Client, told: () => Told): Pick<Activities, 'channelsOf' | 'tellChannel'> {
  const deps = {
    client,
    inventory: () => Promise.resolve(told() as Inventory),
    secret: (reference: SecretReference) => resolveSecret(reference, '/'),
    ...activityContext,
  };
  return {
    channelsOf: ({ cluster }) => Promise.resolve(channelNames(told(), cluster)),
    tellChannel: (order) => tellChannel(deps, order),
  };
}
