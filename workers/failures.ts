import {
  type ActivityExecuteInput,
  type ActivityInboundCallsInterceptor,
  type ActivityInterceptorsFactory,
} from '@temporalio/worker';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { RunbookError, toFailure } from '../activities/errors';

/** The one place where errors of activities become Temporal failures. An unknown error is a bug of ours and says so, without its stack. */
export const failuresOfActivities: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input: ActivityExecuteInput, next: (input: ActivityExecuteInput) => Promise<unknown>) {
      try {
        return await next(input);
      } catch (error) {
        if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error;
        if (error instanceof RunbookError) throw toFailure(error);
        throw toFailure(
          new RunbookError({
            code: 'INTERNAL',
            message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
            hint: 'This is a bug of mysql-runbooks: please report it with the run id.',
          }),
        );
      }
    },
  } satisfies ActivityInboundCallsInterceptor,
});
