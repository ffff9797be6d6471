import { type Command } from 'commander';
import { type SecretReference } from '../../workflows/decisions/cluster';
import { type Release } from '../../workflows/decisions/facts';
import { contextOf } from '../context';
import { EXIT, invalidInput } from '../exit';

interface PrecheckOptions {
  readonly to: string;
  readonly on?: string;
  readonly deep?: true;
  readonly inOneStep?: string;
}

export function registerPrecheck(program: Command): void {
  const precheck = program
    .command('precheck')
    .description('look for what would stop a change before it is begun; asks the servers, not Temporal');
  precheck
    .command('upgrade <cluster>')
    .description(
      'all that stands between a cluster and a newer release, each with the statement that cures it (exit code 3 when something stops the upgrade)',
    )
    .requiredOption('--to <release>', '8.0, 8.4 or 9.7; more than one step away: all steps on the way are checked')
    .option('--on <instance>', 'read schemas and accounts there (default: a replica that follows)')
    .option('--deep', 'scan tables for zero dates, and CHECK TABLE … FOR UPGRADE')
    .option('--in-one-step <reason>', 'leave the releases in between out, which is not supported; say why')
    .action(async (name: string, options: PrecheckOptions, command: Command) => {
      const context = contextOf(command);
      const { inventory, cluster } = await context.cluster(name);
      const to = releaseNamed(options.to);
      const [{ openServers }, { precheckUpgrade }, { resolveSecret }, { renderPrecheck }, { paint }] =
        await Promise.all([
          import('../../activities/mysql/servers.js'),
          import('../../activities/upgrades/precheck.js'),
          import('../../activities/inventory/secrets.js'),
          import('../../workflows/decisions/upgrade/index.js'),
          import('../paint.js'),
        ]);
      const secret = (reference: SecretReference) => resolveSecret(reference, inventory.folder);
      const servers = openServers({ secrets: secret });
      try {
        const found = await precheckUpgrade({ servers, secret }, cluster, {
          to,
          deep: options.deep === true,
          inOneStep: options.inOneStep ?? null,
          ...(options.on !== undefined && { on: options.on }),
        });
        context.answer(renderPrecheck(found, paint), found);
        if (found.errors > 0) process.exitCode = EXIT.refused;
      } finally {
        await servers.close();
      }
    });
}

const TARGETS: readonly Release[] = ['8.0', '8.4', '9.7'];

/** `8.4.3` means its series: what is checked is the way to the newest of it. */
function releaseNamed(text: string): Release {
  const found = TARGETS.find((release) => text === release || text.startsWith(`${release}.`));
  if (found) return found;
  throw invalidInput(`--to ${text} is not a release that can be upgraded to`, `Write one of ${TARGETS.join(', ')}.`);
}
