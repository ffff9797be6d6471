import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../../activities/errors';
import { startInLab } from '../background';
import { type LabRelay, type LabState } from '../options';
import { end, isAlive } from '../processes';
import { compiled } from '../worker';
import { type LinkRule, type Party, type RelayAnswer, type RelayConnection, type RelayRequest } from './rules';

/** Starts the process that stands in front of every server of the lab. */
export async function startRelay(state: LabState): Promise<LabRelay> {
  const socket = join(state.socketsFolder, 'relay.sock');
  const log = join(state.folder, 'relay.log');
  const fronts = state.servers.map(({ name, port, ownPort }) => ({ name, listenPort: port, targetPort: ownPort }));
  const args = [compiled('lab/faults/relay-main.js'), socket, join(state.folder, 'lab.json'), JSON.stringify(fronts)];
  const mark = startInLab(state, process.execPath, args, { log });
  const until = performance.now() + 10_000;
  while (!existsSync(socket)) {
    await pause(10);
    if (isAlive(mark) && performance.now() < until) continue;
    await end(mark);
    throw new RunbookError({ code: 'TOOL_FAILED', message: 'the relay did not start', hint: `Read ${log}.` });
  }
  return { socket, log, ...mark };
}

/** Rule for the bytes between `party` and `server`; `*` stands for all. Holds when the promise resolves. */
export const setLink = async (state: LabState, party: Party, server: string, rule: LinkRule): Promise<void> => {
  await ask(state, { op: 'rule', party, server, rule });
};

export const healLinks = async (state: LabState): Promise<void> => {
  if (state.relay) await ask(state, { op: 'heal' });
};

export const linkedConnections = async (state: LabState): Promise<readonly RelayConnection[]> =>
  (await ask(state, { op: 'connections' })).connections ?? [];

function ask(state: LabState, request: RelayRequest): Promise<RelayAnswer> {
  const { relay } = state;
  if (!relay) {
    throw new RunbookError({
      code: 'INVALID_INPUT',
      message: `the lab ${state.name} has no relays between its parties`,
      hint: 'Start it with links: true.',
    });
  }
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(relay.socket, () => socket.write(`${JSON.stringify(request)}\n`));
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', reject).on('end', () => resolve(JSON.parse(text) as RelayAnswer));
  });
}
