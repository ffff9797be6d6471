import { type Command } from 'commander';
import { contextOf } from '../context';
import { EXIT, invalidInput } from '../exit';
import { requireRole } from '../may';

interface WatchOptions {
  readonly probeMs?: string;
}

export function registerWatch(program: Command): void {
  const watch = program
    .command('watch')
    .description('keep an observer on a cluster, that starts a failover when its primary is dead');
  watch
    .command('start <cluster>')
    .description('watch from now on; a second start changes nothing')
    .option('--probe-ms <n>', 'milliseconds between two probes (default 200)')
    .action(async (name: string, options: WatchOptions, command: Command) => {
      const context = contextOf(command);
      const probeMs = readProbe(options.probeMs);
      await requireRole(context, 'operator');
      if (await context.inventoryIfAny()) await context.cluster(name);
      const [{ withTemporal }, { startWatch }] = await Promise.all([
        import('../temporal.js'),
        import('../watching.js'),
      ]);
      await withTemporal(context, async (door) => {
        const started = await startWatch(door, name, probeMs, context.by);
        const words = started.attached
          ? `${name} is watched already, since ${started.startedAt}.`
          : `${name} is watched from now on.`;
        context.answer(started.webUi === null ? words : `${words}\n  Web UI    ${started.webUi}`, started);
      });
    });
  watch
    .command('stop <cluster>')
    .description('watch no more; a failover that runs is not stopped')
    .action(async (name: string, _options: object, command: Command) => {
      const context = contextOf(command);
      await requireRole(context, 'operator');
      const [{ withTemporal }, { stopWatch }] = await Promise.all([import('../temporal.js'), import('../watching.js')]);
      await withTemporal(context, async (door) => {
        const stopped = await stopWatch(door, name);
        context.answer(STOP_WORDS[stopped].replaceAll('CLUSTER', name), { cluster: name, stopped });
        if (stopped === 'asked') process.exitCode = EXIT.failed;
      });
    });
  watch
    .command('status <cluster>')
    .description('is it watched, by whom, and what was last seen (exit code 1 when it is not)')
    .action(async (name: string, _options: object, command: Command) => {
      const context = contextOf(command);
      const [{ withTemporal }, { watchStatus, watchWords }] = await Promise.all([
        import('../temporal.js'),
        import('../watching.js'),
      ]);
      await withTemporal(context, async (door) => {
        const status = await watchStatus(door, name);
        context.answer(watchWords(status), status);
        if (!status.watched || status.observer === null) process.exitCode = EXIT.failed;
      });
    });
}

const STOP_WORDS = {
  stopped: 'CLUSTER is no longer watched.',
  'was not watched': 'CLUSTER was not watched.',
  asked:
    'CLUSTER: the watch was asked to stop, and no worker has confirmed it yet. Look again: runbook watch status CLUSTER',
};

function readProbe(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const probeMs = Number(written);
  if (Number.isInteger(probeMs) && probeMs >= 50 && probeMs <= 60_000) return probeMs;
  throw invalidInput('--probe-ms is not a whole number from 50 to 60000', 'For example --probe-ms 200.');
}
