import { mkdirSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { type LabState, type LabWorker } from './options';
import { releasePortsOf, reservePorts } from './ports';
import { end } from './processes';
import { findMysql } from './programs/mysql';
import { findTemporal } from './programs/temporal';
import { startTemporal } from './temporal';
import { startWorker, type WorkerOptions } from './worker';

/** Temporal and workers for an inventory whose servers are no lab's. They die with this process. */
export interface Beside {
  readonly client: Client;
  readonly uiAddress: string;
  startWorker(options?: WorkerOptions): Promise<LabWorker>;
  killWorker(worker: LabWorker): Promise<void>;
  stop(): Promise<void>;
}

export async function startBeside(folder: string, cluster: string, inventoryPath: string): Promise<Beside> {
  const { bin: binFolder } = await findMysql();
  mkdirSync(folder, { recursive: true });
  const unfinished = { name: 'beside', folder, socketsFolder: folder, cluster, binFolder, inventoryPath };
  const nobody = { servers: [], router: null, relay: null, temporal: null, workers: [], started: [] };
  const state = { ...unfinished, ...nobody, lifetime: 'starter' } as unknown as LabState;
  const endAll = async () => {
    await Promise.all(state.started.map((process) => end(process)));
    releasePortsOf(folder);
  };
  try {
    const [port = 0, ui = 0, metrics = 0] = await reservePorts(3, folder);
    state.temporal = await startTemporal(state, await findTemporal(), [port, ui, metrics]);
    const connection = await Connection.connect({ address: state.temporal.address });
    return {
      client: new Client({ connection }),
      uiAddress: state.temporal.uiAddress,
      startWorker: (options) => startWorker(state, options),
      killWorker: (worker) => end(worker),
      async stop() {
        await connection.close();
        await endAll();
      },
    };
  } catch (error) {
    await endAll();
    throw error;
  }
}
