import { type Command } from 'commander';
import { contextOf } from '../context';
import { invalidInput } from '../exit';

interface UpOptions {
  readonly name?: string;
  readonly replicas?: string;
  readonly durability?: string;
  readonly router?: string;
  readonly cascade?: readonly string[];
  readonly delayed?: readonly string[];
  readonly links?: true;
}

interface LogsOptions {
  readonly name?: string;
  readonly lines?: string;
  readonly follow?: true;
}

const DURABILITIES = ['async', 'semi-sync', 'lossless'] as const;
const ROUTERS = ['haproxy', 'none'] as const;
const NAME = ['--name <name>', 'the lab, where there are several'] as const;

export function registerLab(program: Command): void {
  const lab = program
    .command('lab')
    .description('a real fleet on this machine, to try things on: MySQL, HAProxy, Temporal');

  lab
    .command('up')
    .description('start it, with Temporal and a worker; what is missing is fetched first')
    .option('--name <name>', 'its name (default: lab)')
    .option('--replicas <n>', 'replicas beside the primary (default: 2)')
    .option('--durability <policy>', DURABILITIES.join(', '), oneOf('--durability', DURABILITIES))
    .option('--router <kind>', ROUTERS.join(', '), oneOf('--router', ROUTERS))
    .option('--cascade <pair...>', 'who copies from whom where it is not db1: db3=db2')
    .option('--delayed <pair...>', 'replicas that wait before they apply, in seconds: db3=3600')
    .option('--links', 'a relay in front of every server, so that links can be cut')
    .action(async (options: UpOptions, command: Command) => {
      const { replicas, durability, router, name } = options;
      const count = replicas === undefined ? undefined : wholeNumber('--replicas', replicas);
      const { labUp } = await import('../../lab/commands.js');
      await labUp({
        json: contextOf(command).json,
        ...(name === undefined ? {} : { name }),
        ...(count === undefined ? {} : { replicas: count }),
        ...(durability === undefined ? {} : { durability: durability as (typeof DURABILITIES)[number] }),
        ...(router === undefined ? {} : { router: router as (typeof ROUTERS)[number] }),
        ...(options.cascade === undefined ? {} : { sources: Object.fromEntries(pairs('--cascade', options.cascade)) }),
        ...(options.delayed === undefined
          ? {}
          : { delayed: Object.fromEntries(seconds('--delayed', options.delayed)) }),
        ...(options.links === undefined ? {} : { links: true }),
      });
    });

  lab
    .command('down')
    .description('end all its processes and remove its folder')
    .option(...NAME)
    .option('--keep-logs', 'leave logs and reports')
    .option('--all', 'all labs of this user')
    .action(async (options: { name?: string; keepLogs?: true; all?: true }, command: Command) => {
      const { labDown } = await import('../../lab/commands.js');
      await labDown({ ...options, json: contextOf(command).json });
    });

  lab
    .command('status')
    .description('what runs where: servers, router, Temporal, accounts')
    .option(...NAME)
    .action(async (options: { name?: string }, command: Command) => {
      const { labStatus } = await import('../../lab/commands.js');
      await labStatus({ ...options, json: contextOf(command).json });
    });

  lab
    .command('logs [of]')
    .description('the end of its logs, or of one: db1, haproxy, temporal, worker1')
    .option(...NAME)
    .option('--lines <n>', 'so many lines (default: 20)')
    .option('--follow', 'go on printing one log')
    .action(async (of: string | undefined, options: LogsOptions, command: Command) => {
      const { lines, ...rest } = options;
      const count = lines === undefined ? undefined : wholeNumber('--lines', lines);
      const { labLogs } = await import('../../lab/commands.js');
      await labLogs({
        ...rest,
        json: contextOf(command).json,
        ...(of === undefined ? {} : { of }),
        ...(count === undefined ? {} : { lines: count }),
      });
    });
}

const oneOf = (option: string, values: readonly string[]) => (written: string) => {
  if (values.includes(written)) return written;
  throw invalidInput(`${option} is not one of ${values.join(', ')}`, `For example ${option} ${values[0] ?? ''}.`);
};

function wholeNumber(option: string, written: string): number {
  const number = Number(written);
  if (Number.isInteger(number) && number >= 1) return number;
  throw invalidInput(`${option} is not a whole number from 1`, `For example ${option} 2.`);
}

/** `db3=db2` as a pair. */
function pairs(option: string, given: readonly string[]): [string, string][] {
  return given.map((each) => {
    const [name, value, ...rest] = each.split('=');
    if (!name || !value || rest.length > 0) {
      throw invalidInput(
        `${option} "${each}" is not understood`,
        `Write it as ${option} db3=…, several with spaces between.`,
      );
    }
    return [name, value];
  });
}

const seconds = (option: string, given: readonly string[]): [string, number][] =>
  pairs(option, given).map(([name, value]) => [name, wholeNumber(option, value)]);
