import { writersOf } from './haproxy';
import { type LabServer, type LabState } from './options';
import { isAlive, residentKilobytes, stateOf } from './processes';
import { rootDoor } from './state';
import { rows } from './sql';

export type Life = 'up' | 'hung' | 'down';

export interface ServerStatus {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly socket: string;
  readonly pid: number;
  readonly folder: string;
  readonly errorLog: string;
  readonly life: Life;
  /** null while it cannot be asked. */
  readonly role: 'primary' | 'replica' | 'alone' | null;
  /** `db1`, or host:port of a source outside the lab. */
  readonly source: string | null;
  /** Both threads run and no error stands. */
  readonly replicating: boolean | null;
  readonly residentMegabytes: number;
}

/** What `lab status --json` and `lab up --json` print: a shape that scripts rely on. No secrets, only where they are. */
export interface LabStatus {
  readonly name: string;
  readonly folder: string;
  readonly cluster: string;
  readonly durability: string;
  readonly inventory: string;
  readonly mysqlVersion: string;
  /** Folder with the mysql and mysqlbinlog that belong to this release. */
  readonly programs: string;
  readonly servers: readonly ServerStatus[];
  readonly router: {
    readonly kind: 'haproxy';
    readonly host: string;
    readonly writePort: number;
    readonly readPort: number;
    readonly socket: string;
    readonly pid: number;
    readonly life: Life;
    /** Servers that take writes now. */
    readonly writers: readonly string[];
  } | null;
  readonly temporal: {
    readonly address: string;
    readonly webUi: string;
    readonly pid: number;
    readonly life: Life;
  } | null;
  readonly workers: readonly {
    readonly name: string;
    readonly pid: number;
    readonly life: Life;
    readonly log: string;
  }[];
  readonly accounts: Readonly<Record<string, { readonly user: string; readonly password: { readonly file: string } }>>;
}

export async function statusOf(state: LabState): Promise<LabStatus> {
  const { router, temporal } = state;
  return {
    name: state.name,
    folder: state.folder,
    cluster: state.cluster,
    durability: state.durability,
    inventory: state.inventoryPath,
    mysqlVersion: state.mysqlVersion,
    programs: state.binFolder,
    servers: await Promise.all(state.servers.map((server) => serverStatus(state, server))),
    router: router && {
      kind: router.kind,
      host: router.host,
      writePort: router.writePort,
      readPort: router.readPort,
      socket: router.socket,
      pid: router.pid,
      life: lifeOf(router),
      writers: await writersOf(router).catch(() => []),
    },
    temporal: temporal && {
      address: temporal.address,
      webUi: temporal.uiAddress,
      pid: temporal.pid,
      life: temporal.pid === 0 ? 'up' : lifeOf(temporal),
    },
    workers: state.workers.map((worker) => ({
      name: worker.name,
      pid: worker.pid,
      life: lifeOf(worker),
      log: worker.log,
    })),
    accounts: Object.fromEntries(
      Object.entries(state.accounts).map(([name, { user, passwordFile }]) => [
        name,
        { user, password: { file: passwordFile } },
      ]),
    ),
  };
}

const lifeOf = (process: { pid: number; startedAt: string }): Life =>
  !isAlive(process) ? 'down' : stateOf(process) === 'T' ? 'hung' : 'up';

async function serverStatus(state: LabState, server: LabServer): Promise<ServerStatus> {
  const life = lifeOf(server);
  const { name, host, port, adminPort, socket, pid, folder, errorLog } = server;
  const common = { name, host, port, adminPort, socket, pid, folder, errorLog, life };
  const resident = { residentMegabytes: Math.round(residentKilobytes(pid) / 1024) };
  const unknown = { role: null, source: null, replicating: null };
  if (life !== 'up') return { ...common, ...unknown, ...resident };
  const door = rootDoor(state, server);
  const asked = await Promise.all([
    rows(door, 'SELECT @@global.super_read_only AS closed'),
    rows(door, 'SHOW REPLICA STATUS'),
  ]).catch(() => undefined);
  if (!asked) return { ...common, ...unknown, ...resident };
  const [[mode], [channel]] = asked;
  const closed = String(mode?.['closed']) === '1';
  const from = channel && `${String(channel['Source_Host'])}:${String(channel['Source_Port'])}`;
  const known = state.servers.find((other) => `${other.host}:${other.port}` === from)?.name;
  const running = channel?.['Replica_IO_Running'] === 'Yes' && channel['Replica_SQL_Running'] === 'Yes';
  return {
    ...common,
    role: !closed ? 'primary' : channel ? 'replica' : 'alone',
    source: known ?? from ?? null,
    replicating: channel ? running : null,
    ...resident,
  };
}
