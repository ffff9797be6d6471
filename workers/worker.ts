import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import pino from 'pino';
import { createActivities } from '../activities';
import { openAuditLog } from '../activities/audit/log';
import { openInventory } from '../activities/inventory/open';
import { forgetSecrets, resolveSecret } from '../activities/inventory/secrets';
import { openServers } from '../activities/mysql/servers';
import { EMERGENCY_TASK_QUEUE, TASK_QUEUE } from '../workflows/messages';
import { auditDoor, auditSinks, auditStatement } from './audit';
import { readBundle } from './bundle';
import { checkpoints, checkpointsAround } from './checkpoints';
import { dataConverterOf } from './encryption/data-converter';
import { failuresOfActivities } from './failures';
import { activityContext, progressTo, signsOfLife } from './context';
import { newsOf } from './news';
import { openSlackSocket } from './slack-socket';
import { ensureSearchAttributes } from './search-attributes';
import { failoverStarter, rehearser } from './start-failover';
import { notLetIn } from './temporal-door';

export interface WorkerSettings {
  readonly inventoryPath: string;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly connection?: object };
  /** Only one of the two queues: for pools that keep the emergency apart. Default both. */
  readonly queues?: readonly string[];
  readonly onReady: (line: string) => void;
}

/**
 * Run a worker until it is told to stop (SIGINT, SIGTERM). One process serves both queues; the emergency queue has slots of its own, so
 * nothing slow can hold a failover up.
 */
export async function runWorker(settings: WorkerSettings): Promise<void> {
  const log = pino({
    level: process.env.RUNBOOK_LOG_LEVEL ?? 'info',
    base: null,
    serializers: { error: (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : error) },
  });
  Runtime.install({
    logger: {
      log: () => undefined,
      trace: () => undefined,
      debug: () => undefined,
      info: () => undefined,
      warn: (words, meta) => log.warn(meta ?? {}, words),
      error: (words, meta) => log.error(meta ?? {}, words),
    },
  });

  const { inventoryPath, temporal } = settings;
  const book = await openInventory(inventoryPath);
  const inventory = async () => (await book.current()).inventory;
  const { folder, clusters, audit } = await inventory();
  const auditLog = audit && openAuditLog(audit, (words) => log.error(words));
  const secret = (reference: Parameters<typeof resolveSecret>[0]) => resolveSecret(reference, folder);
  const servers = openServers({
    secrets: secret,
    refused: forgetSecrets,
    ...(auditLog && { audit: auditStatement(auditLog, `${process.pid}@${hostname()}`) }),
  });
  const dataConverter = await dataConverterOf(inventory);
  const converter = dataConverter && { dataConverter };
  const { address, connection: login } = temporal;
  const connection = await NativeConnection.connect({ ...login, address }).catch((cause: unknown) => {
    throw notLetIn(address, cause);
  });
  try {
    const client = new Client({ connection, namespace: temporal.namespace, ...converter });
    await ensureSearchAttributes(connection, temporal.namespace);
    const checkpoint = checkpoints();
    const activities = createActivities({
      servers,
      inventory,
      secret,
      client,
      startFailover: failoverStarter(client),
      rehearse: rehearser(client),
      checkpoint,
      progress: progressTo(client),
      ...activityContext,
    });
    // Connections that exist before the incident are what makes the first look take milliseconds.
    await Promise.all(clusters.map((cluster) => servers.warm(cluster)));
    const bundle = await readBundle(dataConverter !== undefined);
    const workflows = bundle ? { workflowBundle: bundle } : { workflowsPath: require.resolve('../workflows') };
    const news = newsOf(client, inventory, (error) => log.warn({ error }, 'news of a run were not passed on'));
    const queues = settings.queues ?? [TASK_QUEUE, EMERGENCY_TASK_QUEUE];
    const workers = await Promise.all(
      queues.map((taskQueue) =>
        Worker.create({
          ...optionsOf(taskQueue),
          ...workflows,
          ...converter,
          interceptors: { activity: [checkpointsAround(checkpoint), signsOfLife, failuresOfActivities] },
          connection,
          namespace: temporal.namespace,
          activities,
          sinks: { ...auditSinks(auditLog), ...news },
        }),
      ),
    );
    settings.onReady(`worker ready: ${queues.join(', ')} at ${temporal.address}, namespace ${temporal.namespace}`);
    const socket = await openSlackSocket({
      client,
      inventory,
      secret,
      onFailure: (error) => log.warn({ error }, 'Slack by Socket Mode'),
      ...(auditLog && { audit: auditDoor(auditLog) }),
    }).catch((error: unknown) => log.warn({ error }, 'Slack by Socket Mode is not to be had'));
    await Promise.all(workers.map((worker) => worker.run())).finally(() => socket?.close());
  } finally {
    await servers.close();
    await auditLog?.close();
    await connection.close();
  }
}

function optionsOf(taskQueue: string): Omit<WorkerOptions, 'connection'> {
  return {
    taskQueue,
    // A dead worker is noticed by these: the default sticky timeout alone would add ten seconds to a failover.
    stickyQueueScheduleToStartTimeout: '2 s',
    maxHeartbeatThrottleInterval: '1 s',
    defaultHeartbeatThrottleInterval: '500 ms',
    shutdownGraceTime: '5 s',
    maxConcurrentActivityTaskExecutions: 200,
  };
}
