import { type Command } from 'commander';
import { type Cluster, type SecretReference } from '../../workflows/decisions/cluster';
import { type RouterView } from '../../workflows/decisions/evidence';
import { type ClusterSnapshot } from '../../workflows/decisions/facts';
import { type Context, contextOf } from '../context';
import { EXIT } from '../exit';

export function registerTopology(program: Command): void {
  program
    .command('topology <cluster>')
    .description(
      'draw the cluster as it is now: roles, releases, lag, errors, errant transactions; asks the servers, not Temporal',
    )
    .action(async (name: string, _options: object, command: Command) => {
      const context = contextOf(command);
      const { cluster, snapshot, routers } = await look(context, name, false);
      const [{ describeTopology, drawRouters, drawTopology }, { paint }] = await Promise.all([
        import('../../workflows/decisions/topology-tree.js'),
        import('../paint.js'),
      ]);
      const topology = describeTopology(snapshot, cluster);
      const drawn = [drawTopology(snapshot, cluster, paint), drawRouters(routers, topology.primary, paint)];
      context.answer(drawn.filter((part) => part !== '').join('\n'), { ...topology, routers });
    });
}

export function registerDoctor(program: Command): void {
  program
    .command('doctor <cluster>')
    .description(
      'grade the settings that decide how long a failover takes and what it loses, and print the cure as SQL (exit code 1 when one is bad)',
    )
    .action(async (name: string, _options: object, command: Command) => {
      const context = contextOf(command);
      const { cluster, snapshot, routers } = await look(context, name, true);
      const [{ examine }, { schemaStatements }, { renderDoctor }, { paint }] = await Promise.all([
        import('../../workflows/decisions/doctor/index.js'),
        import('../../activities/mysql/schema.js'),
        import('../../workflows/decisions/doctor/render.js'),
        import('../paint.js'),
      ]);
      const findings = examine(snapshot, cluster, { createTables: schemaStatements(cluster.schema), routers });
      context.answer(renderDoctor(findings, paint), { cluster: cluster.name, takenAt: snapshot.takenAt, findings });
      if (findings.some(({ severity }) => severity === 'bad')) process.exitCode = EXIT.failed;
    });
}

/** What all servers and routers of a cluster say now. One that does not answer is part of the answer. */
async function look(
  context: Context,
  name: string,
  full: boolean,
): Promise<{ cluster: Cluster; snapshot: ClusterSnapshot; routers: RouterView[] }> {
  const { inventory, cluster } = await context.cluster(name);
  const [{ openServers }, { lookAtCluster }, { viewRouters }, { resolveSecret }] = await Promise.all([
    import('../../activities/mysql/servers.js'),
    import('../../activities/observe/cluster.js'),
    import('../../activities/routing/view.js'),
    import('../../activities/inventory/secrets.js'),
  ]);
  const secret = (reference: SecretReference) => resolveSecret(reference, inventory.folder);
  const servers = openServers({ secrets: secret });
  try {
    const [snapshot, routers] = await Promise.all([
      lookAtCluster(servers, cluster, { full }),
      viewRouters({ secret }, cluster),
    ]);
    return { cluster, snapshot, routers };
  } finally {
    await servers.close();
  }
}
