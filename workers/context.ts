import { Context } from '@temporalio/activity';

/** The running attempt, as activities see it. Outside an attempt (a look from the command line) a heartbeat has nobody to hear it. */
export const activityContext = {
  heartbeat(details: unknown): void {
    Context.current().heartbeat(details);
  },
  cancelled: (): AbortSignal => Context.current().cancellationSignal,
};
