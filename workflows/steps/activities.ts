import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import { type Activities } from '../../activities';
import { EMERGENCY_TASK_QUEUE, TASK_QUEUE } from '../messages';
import { summaryOf } from './summaries';

/** As proxyActivities, and each call stands on the Web UI's timeline with a sentence instead of a function's name. */
function activities(options: ActivityOptions): Activities {
  const call = (name: keyof Activities, args: readonly unknown[]): unknown => {
    const proxies = proxyActivities<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>({
      ...options,
      summary: summaryOf(name, args[0]),
    });
    return proxies[name]?.(...args);
  };
  return new Proxy({} as Activities, {
    get:
      (_, name) =>
      (...args: readonly unknown[]) =>
        call(name as keyof Activities, args),
  });
}

const patient: ActivityOptions['retry'] = {
  initialInterval: '200 ms',
  backoffCoefficient: 1.5,
  maximumInterval: '2 s',
};

/**
 * The steps clients wait for. A worker that dies in one is noticed only by these times: the heartbeat is short, and a retry
 * is never long in coming. The step itself may last (relay logs are applied for as long as there is progress).
 */
export const emergency = activities({
  taskQueue: EMERGENCY_TASK_QUEUE,
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '3 s',
  retry: patient,
});

/** A look is quick or it is repeated. */
export const look = activities({
  taskQueue: EMERGENCY_TASK_QUEUE,
  startToCloseTimeout: '10 s',
  heartbeatTimeout: '3 s',
  retry: patient,
});

/** A look that may take its time, before a planned change. */
export const survey = activities({
  taskQueue: EMERGENCY_TASK_QUEUE,
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '3 s',
  retry: patient,
});

/**
 * What a planned change does before anybody waits. What does not succeed soon is a reason not to begin: the primary may have died, and
 * the emergency waits for the lock.
 */
export const careful = activities({
  taskQueue: EMERGENCY_TASK_QUEUE,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '3 s',
  retry: { ...patient, maximumAttempts: 3 },
});

/**
 * The part of a planned change that clients wait for. A worker that dies in it is missed within a second, and the next attempt undoes
 * or finishes what it left; it goes on for as long as a server that was frozen may take to come back.
 */
export const critical = activities({
  taskQueue: EMERGENCY_TASK_QUEUE,
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '1 s',
  scheduleToCloseTimeout: '10 minutes',
  retry: { initialInterval: '50 ms', backoffCoefficient: 1.5, maximumInterval: '1 s' },
});

/** Counting may not keep anybody waiting: a ledger that does not answer soon counts as a refusal. */
export const ledger = activities({
  taskQueue: EMERGENCY_TASK_QUEUE,
  scheduleToCloseTimeout: '5 s',
  startToCloseTimeout: '2 s',
  retry: patient,
});

/** A look by the workers of another place. */
export const lookFrom = (taskQueue: string) =>
  activities({
    taskQueue,
    scheduleToCloseTimeout: '5 s',
    startToCloseTimeout: '5 s',
    retry: { maximumAttempts: 1 },
  });

/** What is tidied up when writes are back: tried for a while, then named in the report as left over. */
export const tidy = activities({
  taskQueue: EMERGENCY_TASK_QUEUE,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '3 s',
  scheduleToCloseTimeout: '1 hour',
  retry: { ...patient, maximumInterval: '10 s', maximumAttempts: 8 },
});

/**
 * What nobody waits for: on the queue of what can wait, so that it takes no slot of the emergency. A worker that dies is missed soon, and the next
 * attempt goes on with what is there. `attempts`: deaths of workers count.
 */
const unhurried = (
  days: number,
  attempts: number,
  maximumInterval: '2 s' | '10 s' | '30 s',
  more: ActivityOptions = {},
) =>
  activities({
    ...more,
    taskQueue: TASK_QUEUE,
    startToCloseTimeout: `${days} days`,
    heartbeatTimeout: '5 s',
    retry: { ...patient, maximumInterval, maximumAttempts: attempts },
  });

/** The parts of a drill. */
export const drill = unhurried(1, 5, '2 s');

/** Copying a whole server. */
export const copying = unhurried(30, 100, '10 s');

const waitedFor: ActivityOptions = { cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED };

/** What reads and writes the archive. What is called off says what it has done by then. */
export const archiving = unhurried(1, 30, '30 s', waitedFor);

/**
 * Backups and their restores: a replica may stand still until the next attempt. One that is called off is waited for: a replica that were let go on
 * while it still opens its snapshots would make two moments of one.
 */
export const backups = unhurried(7, 15, '2 s', waitedFor);

/** The parts of an upgrade. */
export const upgrades = unhurried(1, 8, '10 s');

/** Clients write until they are told to stop, and then tell what they saw. */
export const clients = activities({
  taskQueue: TASK_QUEUE,
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '3 s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: patient,
});

/** What a schedule asks before it starts something: on the queue of what can wait. */
export const schedules = activities({
  taskQueue: TASK_QUEUE,
  startToCloseTimeout: '10 s',
  retry: patient,
});
