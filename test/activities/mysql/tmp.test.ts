import { openServers } from '../../../activities/mysql/servers';
import { lookAtCluster } from '../../../activities/observe/cluster';
const ports = [23001, 23002, 23003, 23004];
const cluster: any = { name: 'c', schema: 'runbooks', accounts: { admin: { user: 'runbooks', password: { env: 'x' } } }, tls: { mode: 'off' }, instances: ports.map((port) => ({ name: 'p' + port, host: '127.0.0.1', port })) };
test('look', async () => {
  const servers = openServers({ secrets: () => Promise.resolve('pw') });
  console.log(await servers.warm(cluster));
  const times: number[] = [];
  for (let i = 0; i < 30; i++) { const t = performance.now(); await lookAtCluster(servers, cluster, { full: false }); times.push(Math.round((performance.now() - t) * 10) / 10); }
  console.log(times.join(' '));
  const one = { ...cluster, instances: cluster.instances.slice(0, 2) };
  times.length = 0;
  for (let i = 0; i < 30; i++) { const t = performance.now(); await lookAtCluster(servers, one, { full: false }); times.push(Math.round((performance.now() - t) * 10) / 10); }
  console.log(times.join(' '));
  const full = await lookAtCluster(servers, cluster, { full: true });
  console.log(JSON.stringify(full, null, 1));
  await servers.close();
});
