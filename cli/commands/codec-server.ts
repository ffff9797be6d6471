import { type Command } from 'commander';
import { contextOf } from '../context';

export function registerCodecServer(program: Command): void {
  program
    .command('codec-server')
    .description('show the Web UI and the Temporal CLI what is encrypted, until SIGTERM')
    .action(async (_, command: Command) => {
      const context = contextOf(command);
      const { runCodecServer } = await import('../../workers/codec-server/run.js');
      await runCodecServer(context.inventoryPath, (line) => context.answer(line, { ready: true }));
    });
}
