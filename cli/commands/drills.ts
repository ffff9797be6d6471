import { type Command } from 'commander';
import { type SecretReference } from '../../workflows/decisions/cluster';
import { type DrillRecord } from '../../workflows/decisions/drill';
import { type Context, contextOf } from '../context';
import { writeDrawing } from '../drawing-file';
import { invalidInput } from '../exit';
import { columns } from './list';

export function registerDrills(program: Command): void {
  program
    .command('drills <cluster>')
    .description('the history of its failover drills, the newest last; asks the primary, not Temporal')
    .option('--svg <file>', 'also draw recovery time over time, with the objective')
    .action(async (name: string, options: { svg?: string }, command: Command) => {
      const context = contextOf(command);
      const drills = await read(context, name);
      if (options.svg !== undefined) {
        const { drawDrills } = await import('../drills-picture.js');
        await writeDrawing(context, options.svg, drawDrills(name, drills));
      }
      context.answer(table(name, drills), drills);
    });
}

/** Nobody waits for a failover here, and every login is a first one. */
const PATIENT = { full: false, deadlineMs: 5_000 };

async function read(context: Context, name: string): Promise<DrillRecord[]> {
  const { inventory, cluster } = await context.cluster(name);
  const [{ openServers }, { lookAtCluster }, { primaryOf }, { readDrills }, { resolveSecret }] = await Promise.all([
    import('../../activities/mysql/servers.js'),
    import('../../activities/observe/cluster.js'),
    import('../../workflows/decisions/topology.js'),
    import('../../activities/drill/history.js'),
    import('../../activities/inventory/secrets.js'),
  ]);
  const servers = openServers({ secrets: (reference: SecretReference) => resolveSecret(reference, inventory.folder) });
  try {
    const { primary, because } = primaryOf(await lookAtCluster(servers, cluster, PATIENT), cluster);
    const instance = cluster.instances.find((one) => one.name === primary);
    if (!instance)
      throw invalidInput(`${name} has no primary to ask: ${because}`, `Look at \`runbook topology ${name}\`.`);
    return await readDrills(servers.of(cluster, instance), cluster.schema);
  } finally {
    await servers.close();
  }
}

function table(name: string, drills: readonly DrillRecord[]): string {
  if (drills.length === 0)
    return `No drills of ${name} yet. See what one would do: runbook plan failoverDrill --cluster ${name}`;
  const ms = (value: number | null): string => (value === null ? '' : `${value} ms`);
  const rows = drills.map((drill) => [
    drill.endedAt.slice(0, 16).replace('T', ' '),
    drill.mode,
    drill.verdict,
    ms(drill.rtoMs),
    ms(drill.objectiveMs),
    drill.lostRows === null ? '' : String(drill.lostRows),
    ms(drill.backMs),
    `${drill.oldPrimary} → ${drill.newPrimary}`,
    drill.run.slice(-12),
  ]);
  return columns([
    ['ended (UTC)', 'mode', 'verdict', 'RTO', 'objective', 'lost', 'way back', 'primary', 'run'],
    ...rows,
  ]);
}
