import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MysqlPrograms } from './programs/mysql';
import { copyData, type Golden } from './mysqld/golden';
import { binlogFolder, moveToSmallDisk, onSmallDisk } from './faults/disk';
import { startInLab } from './background';
import { accepts, portTaken } from './mysqld/server';
import { optionFile } from './mysqld/config';
import { follow, openFirstPrimary, setPasswords, uuidOf } from './mysqld/roles';
import { type LabOptions, type LabServer, type LabState } from './options';
import { end } from './processes';
import { reservePorts } from './ports';
import { rootDoor, saveState, serverNamed } from './state';
import { type LabTls } from './tls';

const START_MS = 60_000;

/** Starts db1 … dbN side by side from copies of the golden folder. Each is saved to lab.json as soon as it runs. */
export async function startServers(
  state: LabState,
  options: LabOptions,
  programs: MysqlPrograms,
  golden: Golden,
  tls: LabTls,
  sockets: string,
): Promise<void> {
  const names = Array.from({ length: 1 + (options.replicas ?? 2) }, (_, index) => `db${index + 1}`);
  await Promise.all(
    names.map(async (name, index) => {
      const folder = join(state.folder, name);
      await copyData(golden, join(folder, 'data'));
      const small = options.smallData?.[name] ?? 0;
      const before = small > 0 ? await moveToSmallDisk(state, folder, small) : [];
      const place = { name, folder, serverId: index + 1, sockets, before };
      const server = await startFresh(state, options, programs, tls, place);
      await setPasswords(state, server, golden.rootPassword);
      Object.assign(server, { uuid: await uuidOf(state, server) });
    }),
  );
  state.servers.sort((one, other) => one.serverId - other.serverId);
  saveState(state);
}

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly serverId: number;
  readonly sockets: string;
  readonly before: readonly string[];
}

async function startFresh(
  state: LabState,
  options: LabOptions,
  programs: MysqlPrograms,
  tls: LabTls,
  { name, folder, serverId, sockets, before }: Place,
): Promise<LabServer> {
  for (let attempt = 1; ; attempt += 1) {
    const [ownPort = 0, adminPort = 0, relayPort = 0] = await reservePorts(3, state.folder);
    const port = options.links ? relayPort : ownPort;
    const server: LabServer = {
      name,
      serverId,
      uuid: '',
      host: '127.0.0.1',
      port,
      ownPort,
      adminPort,
      folder,
      socket: join(sockets, `${name}.sock`),
      dataFolder: join(folder, 'data'),
      smallDiskMegabytes: options.smallDisk?.[name] ?? 0,
      before,
      optionFile: join(folder, 'my.cnf'),
      errorLog: join(folder, 'error.log'),
      pid: 0,
      startedAt: '',
    };
    const extra = options.serverOptions?.[name] ?? [];
    if (server.smallDiskMegabytes > 0) mkdirSync(binlogFolder(server), { recursive: true });
    const binlogs = server.smallDiskMegabytes > 0 ? join(binlogFolder(server), 'binlog') : 'binlog';
    const settings = {
      binlogs,
      serverId,
      folder,
      socket: server.socket,
      port: ownPort,
      reportPort: port,
      adminPort,
      tls,
      extra,
    };
    writeFileSync(server.optionFile, optionFile(programs, { ...settings, durability: state.durability }));
    state.servers.push(server);
    try {
      await launch(state, server, 'golden');
      return server;
    } catch (error) {
      if (attempt >= 5 || !portTaken(error)) throw error;
      state.servers.splice(state.servers.indexOf(server), 1);
    }
  }
}

/** Starts the server's process and waits until it answers. `golden`: its accounts have no password of this lab yet. */
export async function launch(state: LabState, server: LabServer, accounts: 'golden' | 'lab'): Promise<void> {
  const plain = [...server.before, state.mysqld];
  const [program = state.mysqld, ...before] =
    server.smallDiskMegabytes > 0 ? onSmallDisk(server, state.mysqld, state.lifetime).flat() : plain;
  // In a user namespace of its own the server is root of that namespace, and must be told that this is meant.
  const asRoot = server.smallDiskMegabytes > 0 ? ['--user=root'] : [];
  const mark = startInLab(state, program, [...before, `--defaults-file=${server.optionFile}`, ...asRoot], {
    log: join(server.folder, 'output.log'),
  });
  Object.assign(server, mark);
  saveState(state);
  const door = rootDoor(state, server);
  try {
    await accepts(door, mark, START_MS, server.errorLog).catch((error: unknown) => {
      // A refused password is an answer as well, while the password is not yet ours.
      if (accounts === 'golden' && (error as NodeJS.ErrnoException).code === 'ER_ACCESS_DENIED_ERROR') return;
      throw error;
    });
  } catch (error) {
    await end(mark);
    throw error;
  }
}

/** Replicas follow first, so that the first commit of a lossless cluster finds its acknowledgement. */
export async function formCluster(state: LabState, options: LabOptions): Promise<void> {
  const [primary, ...replicas] = state.servers;
  if (!primary) return;
  await Promise.all(
    replicas.map((replica) =>
      follow(state, replica, sourceOf(state, options, replica.name), options.delayed?.[replica.name] ?? 0),
    ),
  );
  await openFirstPrimary(state, primary, replicas.length === 0 ? 'async' : state.durability);
}

function sourceOf(state: LabState, options: LabOptions, replica: string): string {
  return serverNamed(state, options.sources?.[replica] ?? 'db1').name;
}

/** Unix socket paths may be 107 bytes long; a lab in a deep folder keeps its sockets elsewhere. */
export function socketsFolder(folder: string, makeShort: () => string): string {
  const near = join(folder, 'run');
  if (join(near, 'haproxy.sock.bind').length > 90) return makeShort();
  if (!existsSync(near)) mkdirSync(near, { mode: 0o700 });
  return near;
}
