import { Context } from '@temporalio/activity';
import { type Client } from '@temporalio/client';
import { type ActivityInterceptorsFactory } from '@temporalio/worker';
import { isWorthTelling, type StageProgress } from '../workflows/decisions/progress';
import { stageProgressSignal } from '../workflows/messages';

const BEAT_EVERY_MS = 500;
/** The observer's beats carry what it last saw and say that its loop still turns: nobody may beat in its place. */
const SPEAKS_FOR_ITSELF = new Set(['observePrimary']);

const lastSaid = new WeakMap<Context, unknown>();

/** The running attempt, as activities see it. Outside an attempt (a look from the command line) a heartbeat has nobody to hear it. */
export const activityContext = {
  heartbeat(details: unknown): void {
    const context = Context.current();
    lastSaid.set(context, details);
    context.heartbeat(details);
  },
  cancelled: (): AbortSignal => Context.current().cancellationSignal,
  /** The last heartbeat of the attempt before this one: what a dead worker knew. */
  remembered: (): unknown => Context.current().info.heartbeatDetails,
  attempt: (): number => Context.current().info.attempt,
  /** A line in the worker's log, with the run that it is about. */
  warn(sentence: string): void {
    Context.current().log.warn(sentence);
  },
};

/** Passes on how far the running attempt is, as often as that is worth a line in its run's history. Nobody waits for it. */
export function progressTo(client: Client): (progress: StageProgress) => void {
  const told = new WeakMap<Context, { progress: StageProgress; atMs: number }>();
  return (progress) => {
    const context = Context.current();
    const atMs = performance.now();
    const { workflowExecution: run } = context.info;
    if (!run || !isWorthTelling(told.get(context) ?? null, progress, atMs)) return;
    told.set(context, { progress, atMs });
    client.workflow
      .getHandle(run.workflowId, run.runId)
      .signal(stageProgressSignal, progress)
      .catch((error: unknown) => {
        context.log.warn('how far a step is was not passed on', { error });
      });
  };
}

/**
 * Says for every activity that its worker lives, all the while it works, with the progress it last told. A step may wait for a fence
 * command, a secret or an acknowledgement for longer than a dead worker may go unnoticed: without this it would be started a
 * second time beside itself. That no step hangs is seen to by the deadlines of all it calls.
 */
export const signsOfLife: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      if (SPEAKS_FOR_ITSELF.has(context.info.activityType)) return next(input);
      const beating = setInterval(() => context.heartbeat(lastSaid.get(context)), BEAT_EVERY_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(beating);
      }
    },
  },
});
