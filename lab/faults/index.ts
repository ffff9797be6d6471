import { launch } from '../servers';
import { type LabServer, type LabState, type LabWorker } from '../options';
import { end, gone, isAlive, freeze, signal } from '../processes';
import { runAll } from '../sql';
import { rootDoor, saveState, serverNamed } from '../state';
import { fillDataDisk, fillDisk } from './disk';
import { healLinks, linkedConnections, setLink } from './links';
import { type LinkRule, type Party, type RelayConnection } from './rules';
import * as sessions from './sessions';
import { type Undo } from './sessions';

export { type LinkRule, type Party } from './rules';
export { type Undo } from './sessions';

/** Everything that goes wrong with real fleets, on purpose. Each resolves when the fault holds. */
export interface Faults {
  /** SIGKILL; resolves when the process is gone. */
  kill(server: string): Promise<void>;
  /** SIGSTOP: the kernel still accepts its connections, nobody answers. */
  hang(server: string): void;
  /** SIGCONT. */
  wake(server: string): void;
  /** Clean shutdown. */
  stop(server: string): Promise<void>;
  /** Starts a server that is down. It boots super_read_only and follows nobody unless `replicate`. */
  start(server: string, options?: { replicate?: boolean }): Promise<void>;
  restart(server: string, options?: { replicate?: boolean }): Promise<void>;
  /** Needs `links: true`. `party`: db1 …, router, worker1 …, observer (this process and any other), or `*`. */
  link(party: Party, server: string, rule: LinkRule): Promise<void>;
  /** Cuts or heals both directions between two servers. */
  between(one: string, other: string, rule: LinkRule): Promise<void>;
  healLinks(): Promise<void>;
  connections(): Promise<readonly RelayConnection[]>;
  /** Needs `smallDisk` for that server. */
  fillDisk(server: string): Undo;
  /** Needs `smallData` for that server. */
  fillDataDisk(server: string, leaveMegabytes: number): Undo;
  exhaustConnections(server: string): Promise<Undo>;
  holdTableLock(server: string, table?: string): Promise<Undo>;
  /** A replica that goes on receiving and applies no row of `table`, unless told the load's. */
  holdApplier(server: string, table?: string): Promise<Undo>;
  holdTransaction(server: string): Promise<Undo>;
  holdGlobalReadLock(server: string): Promise<Undo>;
  prepareXa(server: string, name?: string): Promise<Undo>;
  lockAccount(server: string, account: 'admin' | 'replication' | 'app'): Promise<Undo>;
  killRouter(): Promise<void>;
  hangRouter(): void;
  wakeRouter(): void;
  killWorker(worker: LabWorker): Promise<void>;
  pauseTemporal(): void;
  resumeTemporal(): void;
}

const SHUTDOWN_MS = 30_000;

export function faultsOf(state: LabState): Faults {
  const server = (name: string): LabServer => serverNamed(state, name);
  const start: Faults['start'] = async (name, { replicate = false } = {}) => {
    if (isAlive(server(name))) return;
    await launch(state, server(name), 'lab');
    if (replicate) await runAll(rootDoor(state, server(name)), ['START REPLICA']);
  };
  const stop = async (name: string) => end(server(name), SHUTDOWN_MS);
  const link = (party: Party, to: string, rule: LinkRule) => setLink(state, party, to, rule);
  const temporal = (name: NodeJS.Signals) => state.temporal && state.temporal.pid > 0 && signal(state.temporal, name);
  const router = (name: NodeJS.Signals) => state.router && signal(state.router, name);
  return {
    kill: async (name) => {
      signal(server(name), 'SIGKILL');
      await gone(server(name), 10_000);
    },
    hang: (name) => freeze(server(name)),
    wake: (name) => void signal(server(name), 'SIGCONT'),
    stop,
    start,
    restart: async (name, options) => {
      await stop(name);
      await start(name, options);
    },
    link,
    between: async (one, other, rule) => {
      await link(one, other, rule);
      await link(other, one, rule);
    },
    healLinks: () => healLinks(state),
    connections: () => linkedConnections(state),
    fillDisk: (name) => {
      const undo = fillDisk(server(name));
      return async () => Promise.resolve().then(undo);
    },
    fillDataDisk: (name, leaveMegabytes) => {
      const undo = fillDataDisk(server(name), leaveMegabytes);
      return async () => Promise.resolve().then(undo);
    },
    exhaustConnections: (name) => sessions.exhaustConnections(state, name),
    holdTableLock: (name, table) => sessions.holdTableLock(state, name, table),
    holdApplier: (name, table) => sessions.holdApplier(state, name, table),
    holdTransaction: (name) => sessions.holdTransaction(state, name),
    holdGlobalReadLock: (name) => sessions.holdGlobalReadLock(state, name),
    prepareXa: (name, xid) => sessions.prepareXa(state, name, xid),
    lockAccount: (name, account) => sessions.lockAccount(state, name, account),
    killRouter: async () => {
      if (state.router) await end(state.router);
    },
    hangRouter: () => void router('SIGSTOP'),
    wakeRouter: () => void router('SIGCONT'),
    killWorker: async (worker) => {
      await end(worker);
      state.workers.splice(
        state.workers.findIndex((known) => known.pid === worker.pid),
        1,
      );
      saveState(state);
    },
    pauseTemporal: () => void temporal('SIGSTOP'),
    resumeTemporal: () => void temporal('SIGCONT'),
  };
}
