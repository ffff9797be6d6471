import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../activities/errors';
import { sendWritesTo, startHaproxy } from './haproxy';
import { writeInventory } from './inventory';
import { goldenData } from './mysqld/golden';
import { startRelay } from './faults/links';
import { type LabOptions, type LabState } from './options';
import { isAlive } from './processes';
import { reservePorts } from './ports';
import { findHaproxy } from './programs/haproxy';
import { findMysql } from './programs/mysql';
import { phase, silent } from './programs/progress';
import { findTemporal } from './programs/temporal';
import { drawPasswords } from './secrets';
import { formCluster, socketsFolder, startServers } from './servers';
import { labFolder, loadState, saveState } from './state';
import { startTemporal } from './temporal';
import { makeTls } from './tls';
import { asLab, type Lab } from './lab';
import { takeDown } from './down';

export { type Lab } from './lab';
export { type LabOptions, type LabServer, type LabRouter, type LabTemporal, type LabWorker } from './options';

/**
 * Brings a real fleet up on this machine: mysqld processes in a replication tree, HAProxy in front, Temporal and a worker
 * where asked for, and the inventory that describes them. Installs what is missing first. When it fails or is interrupted,
 * nothing of it is left. Throws TOOL_MISSING (what to install), TOOL_FAILED, INVALID_INPUT (a lab of that name is up).
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const progress = options.onProgress ?? silent;
  const name = options.name ?? 'lab';
  const folder = resolve(options.folder ?? labFolder(name));
  refuseSecond(name, folder);

  const mysql = await findMysql(progress);
  const haproxy = options.router === 'none' ? undefined : await findHaproxy(progress);
  const temporal = options.temporal === true ? await findTemporal(progress) : undefined;
  const golden = await goldenData(mysql, progress);

  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sockets = socketsFolder(folder, () => mkdtempSync(join(tmpdir(), 'mrb-')));
  const tls = await makeTls(folder, golden.data);
  const state: LabState = {
    name,
    folder,
    cluster: options.cluster ?? 'orders',
    durability: options.durability ?? 'semi-sync',
    mysqlVersion: mysql.version,
    createdAt: new Date().toISOString(),
    binFolder: mysql.bin,
    mysqld: mysql.mysqld,
    mysqldOptions: mysql.options,
    lifetime: options.lifetime ?? 'lab',
    socketsFolder: sockets,
    inventoryPath: join(folder, 'fleet.yaml'),
    accounts: drawPasswords(folder),
    tls: { ca: tls.ca, verify: tls.verify },
    started: [],
    servers: [],
    router: null,
    temporal: null,
    relay: null,
    workers: [],
  };
  saveState(state);

  return undoneOnFailure(state, async () => {
    const temporalReady = temporal === undefined ? undefined : bootTemporal(state, temporal);
    temporalReady?.catch(() => undefined); // awaited below; a failure of the servers is told first
    const count = 1 + (options.replicas ?? 2);
    await phase(progress, `Starting ${count} MySQL ${mysql.version} servers`, async () => {
      await startServers(state, options, mysql, golden, tls, sockets);
      if (options.links) state.relay = await startRelay(state);
      saveState(state);
      await formCluster(state, options);
    });
    if (haproxy !== undefined) await phase(progress, 'Starting HAProxy', () => bootRouter(state, haproxy));
    if (temporalReady) await phase(progress, 'Waiting for Temporal', () => temporalReady);
    if (typeof options.temporal === 'string') {
      const elsewhere = { address: options.temporal, uiAddress: '', namespace: 'default', log: '' };
      state.temporal = { ...elsewhere, pid: 0, startedAt: '' };
    }
    writeInventory(state, options, join(folder, 'reports'));
    saveState(state);
    const lab = asLab(state);
    if (options.worker) await phase(progress, 'Starting a worker', () => lab.startWorker());
    return lab;
  });
}

/** The lab that another process (or an earlier command) started: by name, or by folder. */
export const attachLab = (nameOrFolder = 'lab'): Lab => asLab(loadState(nameOrFolder));

/** Only a folder that is a lab's, or that stands where only labs do, is ever emptied. */
function refuseSecond(name: string, folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  if (!existsSync(join(folder, 'lab.json'))) {
    if (folder !== labFolder(name)) {
      throw new RunbookError({
        code: 'INVALID_INPUT',
        message: `${folder} is not empty and holds no lab`,
        hint: 'Name an empty folder, or one that does not exist yet.',
      });
    }
    rmSync(folder, { recursive: true, force: true }); // logs that a lab left
    return;
  }
  const state = loadState(folder);
  const alive = [...state.servers, ...state.workers].some((process) => isAlive(process));
  if (!alive) {
    rmSync(folder, { recursive: true, force: true }); // of a machine that was restarted
    return;
  }
  throw new RunbookError({
    code: 'INVALID_INPUT',
    message: `the lab ${name} is up already`,
    hint: `Use it (\`runbook lab status --name ${name}\`), take it down, or choose another --name.`,
  });
}

async function bootTemporal(state: LabState, program: string): Promise<void> {
  await retryOnTakenPort(async () => {
    const [port = 0, uiPort = 0, metricsPort = 0] = await reservePorts(3, state.folder);
    state.temporal = await startTemporal(state, program, [port, uiPort, metricsPort]);
    saveState(state);
  });
}

async function bootRouter(state: LabState, program: string): Promise<void> {
  const router = await retryOnTakenPort(async () => {
    const [write = 0, read = 0] = await reservePorts(2, state.folder);
    return startHaproxy(state, program, [write, read]);
  });
  state.router = router;
  saveState(state);
  await sendWritesTo(router, state.servers, 'db1');
}

/** A port that was free when we looked may be taken when the program binds it; it gets another one. */
async function retryOnTakenPort<Result>(start: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt >= 3) throw error;
    }
  }
}

/** Ctrl-C while it starts: everything ends, what was under way comes to its end, and nothing is left. */
async function undoneOnFailure(state: LabState, work: () => Promise<Lab>): Promise<Lab> {
  const working = work();
  const settled = working.then(
    () => undefined,
    () => undefined,
  );
  const interruption = { came: false };
  const interrupt = (signal: NodeJS.Signals) => {
    interruption.came = true;
    const leave = async () => {
      await takeDown(state);
      await Promise.race([settled, pause(10_000)]);
      await takeDown(state);
    };
    void leave().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await working;
  } catch (error) {
    if (interruption.came) return await new Promise<never>(() => undefined); // the process is about to exit
    await takeDown(state, { keepLogs: true });
    throw error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
