import { type LabStatus, type ServerStatus } from './status';

/** What runs where, how to look at it and what to try next: read by a tired person. */
export function describeLab(status: LabStatus): string {
  const name = status.name === 'lab' ? '' : ` --name ${status.name}`;
  return [
    `Lab ${status.name}: cluster ${status.cluster}, ${status.durability}, MySQL ${status.mysqlVersion}`,
    '',
    ...status.servers.map(serverLine),
    ...routerLines(status),
    ...(status.temporal ? [line('temporal', status.temporal.life, status.temporal.address, '')] : []),
    ...status.workers.map((worker) => line(worker.name, worker.life, `pid ${worker.pid}`, '')),
    '',
    'Look',
    ...(status.temporal?.webUi ? [`  Web UI      ${status.temporal.webUi}`] : []),
    `  MySQL       ${mysqlCommand(status)}`,
    `  inventory   ${status.inventory}`,
    `  logs        runbook lab logs${name}`,
    '',
    'Try',
    `  export RUNBOOK_INVENTORY=${status.inventory}${status.temporal ? ` TEMPORAL_ADDRESS=${status.temporal.address}` : ''}`,
    `  runbook topology ${status.cluster}`,
    ...(status.temporal ? [`  runbook plan emergencyFailover --cluster ${status.cluster}`] : []),
    `  runbook lab down${name}`,
  ].join('\n');
}

function serverLine(server: ServerStatus): string {
  const role = server.role === 'replica' ? `replica of ${server.source ?? '?'}` : (server.role ?? '');
  const trouble = server.replicating === false ? ', NOT REPLICATING' : '';
  const size = server.residentMegabytes > 0 ? `${server.residentMegabytes} MB` : '';
  return line(
    server.name,
    server.life,
    `${server.host}:${server.port}`,
    [`${role}${trouble}`, size].filter(Boolean).join(', '),
  );
}

function routerLines({ router }: LabStatus): string[] {
  if (!router) return [];
  const writers = router.writers.length > 0 ? `writes go to ${router.writers.join(', ')}` : 'NO SERVER TAKES WRITES';
  return [
    line('haproxy', router.life, `${router.host}:${router.writePort} (write), ${router.readPort} (read)`, writers),
  ];
}

const line = (name: string, life: string, where: string, what: string): string =>
  `  ${name.padEnd(10)} ${life.padEnd(5)} ${where.padEnd(18)} ${what}`.trimEnd();

/** The password is read from its file by the shell, into the environment of that one client. */
function mysqlCommand(status: LabStatus): string {
  const app = status.accounts['app'];
  const port = status.router?.writePort ?? status.servers[0]?.port ?? 0;
  return `MYSQL_PWD=$(cat ${app?.password.file ?? ''}) ${status.programs}/mysql -h 127.0.0.1 -P ${port} -u ${app?.user ?? ''} shop`;
}
