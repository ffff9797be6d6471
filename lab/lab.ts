import { takeDown } from './down';
import { faultsOf, type Faults } from './faults';
import { type LabAccounts, type LabServer, type LabState, type LabWorker } from './options';
import { rows, value, type Value } from './sql';
import { statusOf, type LabStatus } from './status';
import { rootDoor, serverNamed } from './state';
import { startWorker, type WorkerOptions } from './worker';

/** A running lab, as tests, the demo, the bench and the CLI hold it. */
export interface Lab {
  readonly name: string;
  readonly folder: string;
  readonly cluster: string;
  readonly inventoryPath: string;
  /** Everything that lab.json holds; servers' pids in it follow restarts. */
  readonly state: LabState;
  readonly servers: readonly LabServer[];
  readonly router: LabState['router'];
  readonly temporal: LabState['temporal'];
  readonly accounts: LabAccounts;
  readonly faults: Faults;
  /** Throws INVALID_INPUT for a name there is not. */
  server(name: string): LabServer;
  /** Rows of one statement on a server as the lab's root, through its unix socket: no link rule touches it. */
  rows(server: string, sql: string, values?: readonly Value[]): Promise<Record<string, Value>[]>;
  /** First column of the first row. */
  value(server: string, sql: string, values?: readonly Value[]): Promise<Value | undefined>;
  startWorker(options?: WorkerOptions): Promise<LabWorker>;
  status(): Promise<LabStatus>;
  /** Ends every process; removes the folder, or leaves the logs and reports in it. */
  down(options?: { keepLogs?: boolean }): Promise<void>;
}

export function asLab(state: LabState): Lab {
  const server = (name: string) => serverNamed(state, name);
  return {
    name: state.name,
    folder: state.folder,
    cluster: state.cluster,
    inventoryPath: state.inventoryPath,
    state,
    servers: state.servers,
    router: state.router,
    temporal: state.temporal,
    accounts: state.accounts,
    faults: faultsOf(state),
    server,
    rows: (name, sql, values) => rows(rootDoor(state, server(name)), sql, values),
    value: (name, sql, values) => value(rootDoor(state, server(name)), sql, values),
    startWorker: (options) => startWorker(state, options),
    status: () => statusOf(state),
    down: (options) => takeDown(state, options),
  };
}
