import { readFile } from 'node:fs/promises';
import { type Command } from 'commander';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type ClusterSnapshot } from '../../workflows/decisions/facts';
import { type Context, contextOf } from '../context';

export function registerTopology(program: Command): void {
  program
    .command('topology <cluster>')
    .description(
      'draw the cluster as it is now: roles, releases, lag, errors, errant transactions; asks the servers, not Temporal',
    )
    .action(async (name: string, _options: object, command: Command) => {
      const context = contextOf(command);
      const { cluster, snapshot } = await look(context, name, false);
      const [{ describeTopology, drawTopology }, { paint }] = await Promise.all([
        import('../../workflows/decisions/topology-tree.js'),
        import('../paint.js'),
      ]);
      context.answer(drawTopology(snapshot, cluster, paint), describeTopology(snapshot, cluster));
    });
}

/** What all servers of a cluster say now. A server that does not answer is part of the answer. */
async function look(
  context: Context,
  name: string,
  full: boolean,
): Promise<{ cluster: Cluster; snapshot: ClusterSnapshot }> {
  const { inventory, cluster } = await context.cluster(name);
  const [{ openServers }, { lookAtCluster }, { resolveSecret }] = await Promise.all([
    import('../../activities/mysql/servers.js'),
    import('../../activities/observe/cluster.js'),
    import('../../activities/inventory/secrets.js'),
  ]);
  const servers = openServers({
    secrets: (reference) => resolveSecret(reference, inventory.folder),
    readFile: (path) => readFile(path, 'utf8'),
  });
  try {
    return { cluster, snapshot: await lookAtCluster(servers, cluster, { full }) };
  } finally {
    await servers.close();
  }
}
export function registerDoctor(program: Command): void {
  program.command('doctor <cluster>').action(async (name: string, _options: object, command: Command) => {
    await look(contextOf(command), name, true);
  });
}
