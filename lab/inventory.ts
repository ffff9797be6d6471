import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { READ_BACKEND, WRITE_BACKEND } from './haproxy';
import { type LabOptions, type LabServer, type LabState } from './options';
import { pidFileOf } from './state';

/** Writes the inventory that describes this lab, as a person would write one for a fleet. Secrets stay in their files. */
export function writeInventory(state: LabState, options: LabOptions, reports: string): void {
  const account = (name: 'admin' | 'replication' | 'backup') => ({
    user: state.accounts[name].user,
    password: { file: state.accounts[name].passwordFile },
  });
  const instances = state.servers.map(({ name, host, port, adminPort, ...server }) => ({
    name,
    host,
    port,
    // A relay stands in front of the port only: with links, the admin port would be a way around a cut one.
    ...(options.links ? {} : { adminPort }),
    datacentre: options.datacentres?.[name] ?? 'a',
    ...(options.promotion?.[name] ? { promotion: options.promotion[name] } : {}),
    ...(server.smallDiskMegabytes > 0 ? {} : { control: controlOf(state, server) }),
    ...(options.delayed?.[name] ? { delaySeconds: options.delayed[name] } : {}),
  }));
  const routers = state.router && [
    {
      kind: 'haproxy',
      name: state.router.name,
      socket: `unix:${state.router.socket}`,
      writeBackend: WRITE_BACKEND,
      readBackend: READ_BACKEND,
      writeAddress: `${state.router.host}:${state.router.writePort}`,
    },
  ];
  const inventory = {
    ...options.settings,
    reports,
    clusters: {
      [state.cluster]: {
        durability: state.durability,
        instances,
        accounts: { admin: account('admin'), replication: account('replication'), backup: account('backup') },
        tls: { mode: 'verify', ca: state.tls.ca },
        schema: 'runbooks',
        backups: backupsOf(state),
        ...(routers ? { routers } : {}),
        failover: { mode: 'automatic', holdDownSeconds: 0, approvalMinutes: 10, ...options.failover },
      },
    },
    ...(state.temporal
      ? {
          temporal: {
            address: state.temporal.address,
            ...(state.temporal.uiAddress ? { webUi: state.temporal.uiAddress } : {}),
          },
        }
      : {}),
  };
  writeFileSync(
    state.inventoryPath,
    `# Written by the lab ${state.name}. Mode 0600 files hold the secrets.\n${stringify(inventory)}`,
  );
}

/** Ends the server when its lab's starter ends: a worker that started it may be gone by then. */
const WITH_STARTER = '"$@" & while kill -0 "$0" && kill -0 $!; do sleep 0.2; done 2>&-; kill -9 $! 2>&-; wait';

/** A server that a worker starts is the lab's own: `down` and the faults find it by its pid file. */
function controlOf(
  state: LabState,
  { optionFile, folder, before }: Pick<LabServer, 'optionFile' | 'folder' | 'before'>,
): object {
  const server = [...before, state.mysqld, `--defaults-file=${optionFile}`];
  const start = state.lifetime === 'starter' ? ['sh', '-c', WITH_STARTER, String(process.pid), ...server] : server;
  return { kind: 'local', start, pidFile: pidFileOf({ folder }) };
}

/** A folder beside the servers: no place for real backups, and enough to see them made and proven. */
function backupsOf(state: LabState) {
  const [path, clones] = [join(state.folder, 'backups'), join(state.folder, 'clones')];
  for (const folder of [path, clones]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    store: { kind: 'folder', path },
    parallel: 2,
    physical: { tool: 'clone', folder: clones },
    archive: { folder: join(state.folder, 'archive'), megabytes: 4, seconds: 2 },
    scratch: {
      mysqld: state.mysqld,
      folder: join(state.folder, 'scratch'),
      options: state.mysqldOptions,
      bufferPoolMegabytes: 64,
    },
  };
}
