import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../activities/errors';
import { startInLab } from './background';
import { type LabState, type LabTemporal } from './options';
import { end, isAlive, type ProcessMark } from './processes';
import { runTool } from './programs/tool';

/** Kept in step with the attributes that the runbooks set; a real server gets them by `temporal operator search-attribute create`. */
export const SEARCH_ATTRIBUTES: Readonly<Record<string, 'Keyword' | 'Bool'>> = {
  MysqlCluster: 'Keyword',
  RunbookKind: 'Keyword',
  RunbookPhase: 'Keyword',
  RunbookOutcome: 'Keyword',
  AwaitingApproval: 'Bool',
};

/** The defaults add up to 100 ms per step after about eleven steps of a run; a failover has more than that. */
const DYNAMIC_CONFIGURATION = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxTimeShift="20ms"',
];

/** The development server, in memory, with its Web UI. */
export async function startTemporal(
  state: LabState,
  program: string,
  [port, uiPort, metricsPort]: readonly [number, number, number],
): Promise<LabTemporal> {
  const log = join(state.folder, 'temporal.log');
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)].concat(
    ['--metrics-port', String(metricsPort), '--log-level', 'error'],
    DYNAMIC_CONFIGURATION.flatMap((setting) => ['--dynamic-config-value', setting]),
    Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  );
  const mark = startInLab(state, program, args, { log });
  const address = `127.0.0.1:${port}`;
  try {
    await serves(program, address, mark, log);
  } catch (error) {
    await end(mark);
    throw error;
  }
  return { address, uiAddress: `http://127.0.0.1:${uiPort}`, namespace: 'default', log, ...mark };
}

async function serves(program: string, address: string, mark: ProcessMark, log: string): Promise<void> {
  const until = performance.now() + 30_000;
  while (!(await listens(address))) {
    if (!isAlive(mark) || performance.now() > until) throw notStarted(log);
    await pause(30);
  }
  // It listens before its namespace can be used; one health check by its own client settles that.
  await runTool(program, ['operator', 'cluster', 'health', '--address', address], { deadlineMs: 15_000 });
}

function listens(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function notStarted(log: string): RunbookError {
  const words = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-2).join(' | ') : '';
  return new RunbookError({ code: 'TOOL_FAILED', message: `Temporal did not start: ${words}`, hint: `Read ${log}.` });
}
