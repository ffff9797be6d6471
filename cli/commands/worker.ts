import { type Command } from 'commander';
import { contextOf } from '../context';
import { invalidInput } from '../exit';

interface WorkerOptions {
  readonly queue?: readonly string[];
}

export function registerWorker(program: Command): void {
  program
    .command('worker')
    .description('do the work of runs and watches, until SIGTERM; run two or more, none on a database host')
    .option('--queue <name...>', 'only these task queues (default: both)')
    .action(async (options: WorkerOptions, command: Command) => {
      const context = contextOf(command);
      // A bad inventory is answered before anything is connected.
      await context.inventory();
      const { EMERGENCY_TASK_QUEUE, TASK_QUEUE } = await import('../../workflows/messages.js');
      const known = [TASK_QUEUE, EMERGENCY_TASK_QUEUE];
      const unknown = options.queue?.find((queue) => !known.includes(queue));
      if (unknown !== undefined)
        throw invalidInput(`there is no task queue "${unknown}"`, `Task queues: ${known.join(', ')}.`);

      const { settingsOf, refuseIfAbsent } = await import('../temporal.js');
      const { address, namespace, connectionOptions } = await settingsOf(context);
      await refuseIfAbsent(address);
      const { runWorker } = await import('../../workers/worker.js');
      await runWorker({
        inventoryPath: context.inventoryPath,
        temporal: { address, namespace, connection: connectionOptions },
        ...(options.queue === undefined ? {} : { queues: options.queue }),
        onReady: (line) => context.answer(line, { ready: true, address, namespace, queues: options.queue ?? known }),
      });
    });
}
