import { type Command } from 'commander';
import { contextOf } from '../context';

export function registerGateway(program: Command): void {
  program
    .command('gateway')
    .description('turn alerts into runs, over HTTP, until SIGTERM; what it serves stands in the inventory')
    .option('--openapi', 'print its OpenAPI document, and serve nothing')
    .action(async (options: { openapi?: true }, command: Command) => {
      const context = contextOf(command);
      if (options.openapi) {
        const { printOpenApi } = await import('../../workers/gateway/openapi.js');
        process.stdout.write(printOpenApi());
        return;
      }
      // A bad inventory is answered before anything listens.
      await context.inventory();
      const { settingsOf } = await import('../temporal.js');
      const { address, namespace, connectionOptions } = await settingsOf(context);
      const { runGateway } = await import('../../workers/gateway/gateway.js');
      await runGateway({
        inventoryPath: context.inventoryPath,
        temporal: { address, namespace, connection: connectionOptions },
        onReady: (listening) => context.answer(`gateway ready: ${listening}`, { ready: true, listening }),
      });
    });
}
