import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type HaproxyRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { type RouterControl, type Routing } from '../control';
import { checkAddresses, checkServers, disagrees, misconfigured } from './checks';
import { LEAVERS_COMMANDS } from './leavers';
import { askHaproxy } from './socket';
import { type HaproxyAnswer, readAnswer, type ServerLine, stateCommands } from './state';

/** The servers of the two backends, `reads` empty where the inventory names no backend for reads. */
interface Lines {
  readonly writes: readonly ServerLine[];
  readonly reads: readonly ServerLine[];
}

interface Change {
  readonly commands: readonly string[];
  /** What still differs from the wanted state, '' when nothing does. */
  readonly differs: (lines: Lines) => string;
}

const SESSIONS_END_WITHIN_MS = 1;
/** A session that has not ended by then may be one whose client has left. */
const LOOK_CLOSELY_AFTER_MS = 20;
/**
 * Beyond the deadline for one that answers and has not done all of it: a router whose host is busy may take its time with the last session,
 * and a fence that is not proven costs a person's word.
 */
const MORE_TO_OBEY_MS = 1_500;
/** So long before the deadline no further question is begun: a router that answers otherwise is not one that does not answer. */
const ANSWER_WITHIN_MS = 20;

/**
 * HAProxy 2.4 and newer in TCP mode, by its runtime socket. Changes last until HAProxy is reloaded: have it load a server-state file, or
 * keep every server of the write backend `disabled` in the configuration. `maint` alone leaves established sessions on the server, so
 * they are cut in the same line of commands. Sessions that a reload left in a former process are out of reach of the socket
 * (`hard-stop-after` bounds their life). `set maxconn frontend` is never used: up and down with connections waiting, it has killed HAProxy 2.6.
 * Source: HAProxy Management Guide, "set server", "shutdown sessions server", "show servers state".
 */
export function controlHaproxy(
  router: HaproxyRouter,
  instances: readonly Instance[],
  deadlineMs: number,
): RouterControl {
  const backends = [router.writeBackend, ...(router.readBackend === undefined ? [] : [router.readBackend])];

  const ask = async (commands: readonly string[], until: number): Promise<Lines> => {
    const answer = readAnswer(await askHaproxy(router, [...commands, ...stateCommands(backends)], until));
    await refuseComplaints(router, answer, until);
    const linesOf = (backend: string | undefined) =>
      backend === undefined ? [] : (answer.backends.get(backend) ?? []);
    return { writes: linesOf(router.writeBackend), reads: linesOf(router.readBackend) };
  };

  const look = async (): Promise<{ lines: Lines; until: number }> => {
    for (const backend of backends) checkName(router, backend);
    const until = performance.now() + deadlineMs;
    return { lines: await ask([], until), until };
  };

  /** Before anything is pointed anywhere. Not before a fence, which takes out every server, whatever its name leads to. */
  const lookAndCompare = async (): ReturnType<typeof look> => {
    const seen = await look();
    checkAddresses(router, instances, [...seen.lines.writes, ...seen.lines.reads]);
    return seen;
  };

  /** The commands set absolute states and are sent again until the state read back is the wanted one: a session can slip in between. */
  const change = async (until: number, before: Lines, { commands, differs }: Change): Promise<Routing> => {
    let lines = before;
    const obeysBy = until + MORE_TO_OBEY_MS;
    const closelyFrom = performance.now() + LOOK_CLOSELY_AFTER_MS;
    for (let told = false; differs(lines) !== ''; told = true) {
      if (told && performance.now() + ANSWER_WITHIN_MS >= obeysBy) throw disagrees(router, differs(lines));
      const closely = performance.now() > closelyFrom ? LEAVERS_COMMANDS : [];
      lines = await ask([...commands, ...closely], told ? obeysBy : until);
      // HAProxy ends cut sessions just behind its answer.
      if (differs(lines) !== '') await pause(closely.length > 0 ? LOOK_CLOSELY_AFTER_MS : SESSIONS_END_WITHIN_MS);
    }
    return routingOf(router, lines);
  };

  return {
    name: router.name,
    holds: true,

    read: async () => routingOf(router, (await lookAndCompare()).lines),

    fence: async () => {
      const { lines, until } = await look();
      return change(until, lines, {
        commands: lines.writes.flatMap((line) => takeOut(router.writeBackend, line)),
        differs: ({ writes }) => notOut(writes),
      });
    },

    pointWritesTo: async (instance) => {
      const { lines, until } = await lookAndCompare();
      checkServers(router, router.writeBackend, lines.writes, [instance]);
      const others = (all: readonly ServerLine[]) => all.filter((line) => line.name !== instance.name);
      return change(until, lines, {
        // Out before in: at no moment two writers.
        commands: [
          ...others(lines.writes).flatMap((line) => takeOut(router.writeBackend, line)),
          `set server ${router.writeBackend}/${instance.name} state ready`,
        ],
        differs: ({ writes }) => notOut(others(writes)) || notIn(writes, [instance.name]),
      });
    },

    hold: async (instance) => {
      const { lines, until } = await lookAndCompare();
      checkServers(router, router.writeBackend, lines.writes, [instance]);
      return change(until, lines, limitTo(router, instance, HELD));
    },

    release: async (instance, settings) => {
      const { lines, until } = await lookAndCompare();
      return change(until, lines, limitTo(router, instance, settings[instance.name] ?? 0));
    },

    weighReads: async (instance, percent) => {
      const { lines, until } = await lookAndCompare();
      if (router.readBackend === undefined) return;
      checkServers(router, router.readBackend, lines.reads, [instance]);
      await ask([`set server ${router.readBackend}/${instance.name} weight ${percent}%`], until);
    },

    pointReadsTo: async (wanted) => {
      const { lines, until } = await lookAndCompare();
      const backend = router.readBackend;
      if (backend === undefined) return routingOf(router, lines);
      checkServers(router, backend, lines.reads, wanted);
      const names = wanted.map((instance) => instance.name);
      const others = (all: readonly ServerLine[]) => all.filter((line) => !names.includes(line.name));
      return change(until, lines, {
        // In before out: reads have somewhere to go all the time.
        commands: [
          ...names.map((name) => `set server ${backend}/${name} state ready`),
          ...others(lines.reads).flatMap((line) => takeOut(backend, line)),
        ],
        differs: ({ reads }) => notIn(reads, names) || notOut(others(reads)),
      });
    },
  };
}

/**
 * HAProxy takes no 0 here. Below what a server has, the limit keeps every new connection in the queue, up to `timeout queue`; with
 * `option redispatch` the queue goes to the server that takes over. A server without any connection lets one through.
 * Source: HAProxy Management Guide, "set maxconn server".
 */
const HELD = 1;

/** HAProxy lets the queue go when a limit is raised, but not when it is lifted altogether: first raised, then lifted. */
const PLENTY = 1_000_000;

const limitTo = (router: HaproxyRouter, instance: Instance, limit: number): Change => ({
  commands: [...(limit === 0 ? [PLENTY] : []), limit].map(
    (connections) => `set maxconn server ${router.writeBackend}/${instance.name} ${connections}`,
  ),
  differs: ({ writes }) => {
    const line = writes.find(({ name }) => name === instance.name);
    return line?.limit === limit ? '' : `${instance.name} takes ${line?.limit ?? 0} connections, not ${limit}`;
  },
});

const takeOut = (backend: string, { name }: ServerLine): string[] => [
  `set server ${backend}/${name} state maint`,
  `shutdown sessions server ${backend}/${name}`,
];

const notOut = (lines: readonly ServerLine[]): string =>
  lines
    .filter((line) => line.state !== 'maint' || line.sessions > 0)
    .map((line) =>
      line.state === 'maint' ? `${line.name} still has ${line.sessions} sessions` : `${line.name} is ${line.state}`,
    )
    .join(', ');

const notIn = (lines: readonly ServerLine[], names: readonly string[]): string =>
  lines
    .filter((line) => names.includes(line.name) && !(line.state === 'ready' && line.up))
    .map((line) =>
      line.state === 'ready' ? `${line.name} is down for HAProxy's own health check` : `${line.name} is ${line.state}`,
    )
    .join(', ');

function routingOf(router: HaproxyRouter, { writes, reads }: Lines): Routing {
  const serving = (lines: readonly ServerLine[]) =>
    lines.filter((line) => line.state !== 'maint').map((line) => line.name);
  return {
    router: router.name,
    writers: serving(writes),
    readers: serving(reads),
    sessions: Object.fromEntries(writes.map((line) => [line.name, line.sessions])),
    // Connections that each server takes at most; 0 = no limit.
    settings: Object.fromEntries(writes.map((line) => [line.name, line.limit])),
    addresses: Object.fromEntries([...reads, ...writes].map((line) => [line.name, `${line.host}:${line.port}`])),
  };
}

/** The backend's name becomes part of a command line: what HAProxy itself would not take as a name never gets there. */
function checkName(router: HaproxyRouter, backend: string): void {
  if (/^[\w.:-]+$/.test(backend)) return;
  throw misconfigured(
    router,
    `"${backend}" cannot be the name of a backend`,
    'Write the backend as haproxy.cfg names it.',
  );
}

async function refuseComplaints(
  router: HaproxyRouter,
  { complaints, backends }: HaproxyAnswer,
  until: number,
): Promise<void> {
  const [first] = complaints;
  if (complaints.some((words) => /permission denied/i.test(words))) {
    throw misconfigured(
      router,
      `its runtime socket ${router.socket} does not let us change servers`,
      'Give that `stats socket` line `level admin`.',
    );
  }
  const missing = [router.writeBackend, router.readBackend].find(
    (backend) => backend !== undefined && !backends.has(backend),
  );
  if (missing !== undefined) {
    const listed = await askHaproxy(router, ['show backend'], until);
    const names = listed.split('\n').filter((line) => /^[\w.:-]+$/.test(line));
    throw misconfigured(
      router,
      `it has no backend ${missing} with servers; it has ${names.join(', ') || 'none that it tells'}`,
      'Correct writeBackend and readBackend in the inventory, or the names in haproxy.cfg.',
    );
  }
  if (first !== undefined) {
    throw new RunbookError({
      code: 'ROUTER_DISAGREES',
      message: `router ${router.name} refused a command: ${first}`,
      hint: 'Look at its state by `show servers state`; it may have been reloaded with other servers.',
    });
  }
}
