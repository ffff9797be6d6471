import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { registerArchive } from './commands/archive';
import { registerBackups } from './commands/backups';
import { registerCodecServer } from './commands/codec-server';
import { registerControls, registerGoBack } from './commands/control';
import { registerDoctor, registerTopology } from './commands/look';
import { registerGateway } from './commands/gateway';
import { registerInventory } from './commands/inventory';
import { registerLab } from './commands/lab';
import { registerList } from './commands/list';
import { registerPlan, registerStart } from './commands/start';
import { registerPrecheck } from './commands/precheck';
import { registerReport } from './commands/report';
import { registerDrills } from './commands/drills';
import { registerSchedules } from './commands/schedules';
import { registerStatus } from './commands/status';
import { registerApprove, registerReject } from './commands/vote';
import { registerWatch } from './commands/watch';
import { registerWorker } from './commands/worker';
import { EXIT_WORDS } from './exit';

const EXAMPLES = `
Examples:
  runbook topology orders                                   who is the primary, who follows, how far behind
  runbook precheck upgrade orders --to 8.4                  what stops an upgrade, with the cure as SQL
  runbook plan emergencyFailover --cluster orders           what a failover would do; changes nothing
  runbook start emergencyFailover --cluster orders --wait   do it, and show every step
  runbook status orders                                     what is going on, and what it asks
  runbook approve orders --plan 1a2b3c4d                    yes to the plan that was shown
  runbook lab up                                            a fleet on this machine, to try all this on

The inventory is ./fleet.yaml, or --inventory FILE, or RUNBOOK_INVENTORY. Temporal is found by TEMPORAL_ADDRESS, else by the
inventory, else at 127.0.0.1:7233.
${EXIT_WORDS}`;

/** All commands, in the order of a bad night. Only what prints help is loaded here; the work is imported when it is asked for. */
export function buildProgram(): Command {
  const program = new Command('runbook')
    .description(
      "Runbooks of a MySQL fleet, carried out durably. A run survives the death of this command, of any worker and of Temporal's.",
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .option('--inventory <file>', 'the fleet (default: RUNBOOK_INVENTORY, else ./fleet.yaml)')
    .option('--as <name>', 'who you are, as the inventory names you (default: RUNBOOK_AS, else user@host)')
    .option('--json', 'print the result as JSON, for programs')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('Add --help to see what can be written here.')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'runbook: ')) })
    .exitOverride();

  program.commandsGroup('Look:');
  registerTopology(program);
  registerDoctor(program);
  registerPrecheck(program);
  program.commandsGroup('Run:');
  registerPlan(program);
  registerStart(program);
  registerStatus(program);
  registerApprove(program);
  registerReject(program);
  registerControls(program);
  registerGoBack(program);
  registerReport(program);
  registerList(program);
  program.commandsGroup('Keep watch:');
  registerWatch(program);
  registerArchive(program);
  registerWorker(program);
  registerSchedules(program);
  registerDrills(program);
  registerBackups(program);
  registerCodecServer(program);
  registerGateway(program);
  program.commandsGroup('Set up:');
  registerInventory(program);
  registerLab(program);
  return program;
}

function version(): string {
  // One folder up in the sources, two from dist/cli.
  for (const up of ['..', '../..']) {
    try {
      const { version } = JSON.parse(readFileSync(join(__dirname, up, 'package.json'), 'utf8')) as { version: string };
      return version;
    } catch {
      continue;
    }
  }
  return 'unknown';
}
