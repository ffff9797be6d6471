import { type Command } from 'commander';
import { type Context, contextOf } from '../context';
import { EXIT } from '../exit';

export function registerInventory(program: Command): void {
  const inventory = program.command('inventory').description('check the fleet file; print its JSON Schema for editors');
  inventory
    .command('check')
    .description('every mistake of the inventory, with its place and its cure')
    .option('--secrets', 'also try to get every secret, as this user on this machine')
    .action(async (options: { secrets?: true }, command: Command) => {
      await check(contextOf(command), options.secrets === true);
    });
  inventory
    .command('schema')
    .description('JSON Schema of the inventory, for editors')
    .action(async () => {
      const { printJsonSchema } = await import('../../activities/inventory/json-schema.js');
      process.stdout.write(printJsonSchema());
    });
}

async function check(context: Context, withSecrets: boolean): Promise<void> {
  const [{ examineInventory, readText }, { printFinding }, { checkSecrets }] = await Promise.all([
    import('../../activities/inventory/inventory.js'),
    import('../../activities/inventory/findings.js'),
    import('../check-secrets.js'),
  ]);
  const { inventory, findings } = examineInventory(await readText(context.inventoryPath), context.inventoryPath);
  if (!inventory) {
    context.answer(findings.map(printFinding).join('\n'), { valid: false, findings });
    process.exitCode = EXIT.wrongInput;
    return;
  }

  const { warnings, failures } = await checkSecrets(inventory, withSecrets);
  const counts = inventory.clusters.map(({ name, instances }) => `${name} (${instances.length})`).join(', ');
  const lines = [
    `${context.inventoryPath} is sound. Clusters, with instances: ${counts}`,
    ...failures,
    ...warnings.map((line) => `warning: ${line}`),
  ];
  context.answer(lines.join('\n'), { valid: true, clusters: inventory.clusters, warnings, failures });
  if (failures.length > 0) process.exitCode = EXIT.failed;
}
