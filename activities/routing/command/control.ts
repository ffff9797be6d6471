import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type CommandRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { type HookAnswer, lacks, missingProof, routingOf, takesWritesStill, tellUnknown } from './answer';
import { type HookOrder, misconfigured, runHook, type Secret } from './run';
import { LOOK_WITHIN_MS, type RouterControl, type Routing } from '../control';

interface Change extends HookOrder {
  /** What still differs from the wanted state, '' when nothing does. */
  readonly differs: (answer: HookAnswer) => string;
  /** Also where nothing differs by what it can tell. */
  readonly anyway?: (answer: HookAnswer) => boolean;
}

/** What a hook drives may follow its order with a delay. */
const LOOK_AGAIN_AFTER_MS = 50;

/**
 * Any router, by a program that is told an operation and prints the routing. Whatever the program says of its own success, the state is read
 * back by a `read` of its own and compared with what was asked. A hook that cannot cut sessions, count them, or ask a server, says so: its
 * fence is then no proof. The contract: docs/routers.md.
 */
export function controlByCommand(router: CommandRouter, instances: readonly Instance[], secret: Secret): RouterControl {
  const ask = (order: HookOrder, until: number) => runHook(router, instances, secret, order, until);
  const deadline = () => performance.now() + router.deadlineSeconds * 1000;
  const lookEnds = () => performance.now() + Math.min(router.deadlineSeconds * 1000, LOOK_WITHIN_MS);
  const told = (answer: HookAnswer): Routing => routingOf(router, instances, answer);

  const change = async ({ differs, anyway = () => false, ...order }: Change): Promise<HookAnswer> => {
    const until = deadline();
    let answer = await ask({ operation: 'read' }, until);
    if (differs(answer) === '' && !anyway(answer)) return answer;
    await ask(order, until);
    let left = '';
    for (;;) {
      try {
        answer = await ask({ operation: 'read' }, until);
      } catch (error) {
        // A look that the deadline cuts short says less than the one before it.
        throw left !== '' && performance.now() >= until ? disagrees(router, order, left) : error;
      }
      left = differs(answer);
      if (left === '') return answer;
      if (performance.now() + LOOK_AGAIN_AFTER_MS >= until) throw disagrees(router, order, left);
      await pause(LOOK_AGAIN_AFTER_MS);
    }
  };

  const read = async (): Promise<Routing> => {
    const answer = await ask({ operation: 'read' }, lookEnds());
    if (answer.writers.length === 0 && Object.keys(answer.unknown).length > 0) throw blind(router, answer);
    return told(answer);
  };

  return {
    name: router.name,
    holds: router.holds,
    read,

    fence: async () => {
      const proof = (answer: HookAnswer) => missingProof(answer, instances, []);
      const answer = await change({
        operation: 'fence',
        differs: (seen) => takesWritesStill(seen, []),
        anyway: (seen) => proof(seen) !== '',
      });
      if (proof(answer) !== '') throw noFence(router, proof(answer));
      return told(answer);
    },

    pointWritesTo: async ({ name }) =>
      told(
        await change({
          operation: 'pointWritesTo',
          to: [name],
          differs: ({ cannot, sessions, ...seen }) =>
            lacks(seen.writers, [name]) ||
            // Sessions that nobody can cut would differ for ever: the routing says `noProof` instead.
            takesWritesStill({ ...seen, cannot, sessions: cannot.includes('cutSessions') ? {} : sessions }, [name]),
        }),
      ),

    hold: async ({ name }) => {
      if (!router.holds) return read();
      return told(
        await change({
          operation: 'hold',
          to: [name],
          differs: ({ held, cannot }) => {
            if (cannot.includes('hold')) throw cannotHold(router);
            return held ? '' : 'new connections do not wait';
          },
        }),
      );
    },

    release: async ({ name }, settings) => {
      if (!router.holds) return read();
      return told(
        await change({
          operation: 'release',
          to: [name],
          settings,
          differs: (seen) =>
            seen.held
              ? 'new connections still wait'
              : Object.entries(settings)
                  .filter(([key, value]) => seen.settings[key] !== value)
                  .map(([key, value]) => `${key} is ${seen.settings[key] ?? 'not told'}, not ${value}`)
                  .join(', '),
        }),
      );
    },

    pointReadsTo: async (wanted) => {
      if (!router.reads) return told(await ask({ operation: 'read' }, lookEnds()));
      const names = wanted.map(({ name }) => name);
      return told(
        await change({
          operation: 'pointReadsTo',
          to: names,
          differs: ({ readers }) =>
            lacks(readers, names) ||
            readers
              .filter((name) => !names.includes(name))
              .map((name) => `${name} takes reads`)
              .join(', '),
        }),
      );
    },
  };
}

const disagrees = (router: CommandRouter, { operation }: HookOrder, differs: string): RunbookError =>
  new RunbookError({
    code: 'ROUTER_DISAGREES',
    message: `router ${router.name}: its hook was asked to ${operation}, and reads back otherwise: ${differs}`,
    hint: 'Look for something else that drives this router, or give it more time (deadlineSeconds), then try again.',
  });

const blind = (router: CommandRouter, { unknown }: HookAnswer): RunbookError =>
  new RunbookError({
    code: 'ROUTER_UNREACHABLE',
    message: `router ${router.name}: no server that answers takes its writes, and it cannot tell of ${tellUnknown(unknown)}`,
    hint: 'Clients may still reach a server that cannot be asked: bring it back, or make sure that it is off.',
  });

const noFence = (router: CommandRouter, because: string): RunbookError =>
  new RunbookError({
    code: 'FENCE_NOT_PROVEN',
    message: `router ${router.name}: its hook took out what it could, but ${because}`,
    hint: 'Make sure by another way that no client writes to the old primary: its fence command, or by hand.',
  });

const cannotHold = (router: CommandRouter): RunbookError =>
  misconfigured(
    `router ${router.name}: the inventory has holds: true, and its hook says that it cannot hold`,
    'Take `holds: true` out of the inventory.',
  );
