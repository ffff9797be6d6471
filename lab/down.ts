import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { forbidStarts } from './background';
import { type LabState } from './options';
import { releasePortsOf } from './ports';
import { adopt } from './state';
import { end } from './processes';

/**
 * Ends every process of a lab and removes its folder. By pid and start time, so that a pid which belongs to somebody else
 * by now is left alone. mysqld is killed, not shut down: its data goes with it. `keepLogs` leaves logs and reports.
 */
export async function takeDown(state: LabState, { keepLogs = false }: { keepLogs?: boolean } = {}): Promise<void> {
  forbidStarts(state);
  for (const server of state.servers) adopt(state, server);
  await Promise.all(state.started.map((process) => end(process)));
  releasePortsOf(state.folder);
  rmSync(state.socketsFolder, { recursive: true, force: true });
  if (!keepLogs) {
    rmSync(state.folder, { recursive: true, force: true });
    return;
  }
  for (const server of state.servers) rmSync(server.dataFolder, { recursive: true, force: true });
  rmSync(join(state.folder, 'secrets'), { recursive: true, force: true });
  rmSync(join(state.folder, 'lab.json'), { force: true });
}
