import { performance } from 'node:perf_hooks';
import { type Instance, type SecretReference } from '../../../workflows/decisions/cluster';
import { type CommandRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { type Ended, endingOf, lastLine, runProgram } from '../../programs/run';
import { type HookAnswer, readHookAnswer } from './answer';
import { type RouterSettings } from '../control';

/** The order that a hook reads on its standard input. Described in docs/routers.md. */
export interface HookOrder {
  readonly operation: 'read' | 'fence' | 'pointWritesTo' | 'hold' | 'release' | 'pointReadsTo';
  /** Names of the instances that it is about. */
  readonly to?: readonly string[];
  /** Of a reading before the hold. */
  readonly settings?: RouterSettings;
}

export type Secret = (reference: SecretReference) => Promise<string>;

/**
 * Run the hook once. It is ended, with all it has started, when `until` (of performance.now) is over. Throws ROUTER_UNREACHABLE (late, or ended
 * with an error: what it did is not known), ROUTER_MISCONFIGURED (it cannot be started, or does not answer as documented), ROUTER_DISAGREES
 * (it says that it could not), SECRET_UNAVAILABLE.
 */
export async function runHook(
  router: CommandRouter,
  instances: readonly Instance[],
  secret: Secret,
  order: HookOrder,
  until: number,
): Promise<HookAnswer> {
  const secrets = await valuesOf(router, secret);
  const deadlineMs = Math.max(1, Math.round(until - performance.now()));
  const ended = await runProgram(router.command, {
    deadlineMs,
    input: `${JSON.stringify(inputOf(router, instances, secrets, order, deadlineMs))}\n`,
    variables: variablesOf(router, instances, order, deadlineMs),
  });
  return judge(router, order, ended, { secrets: Object.values(secrets), deadlineMs });
}

async function valuesOf(router: CommandRouter, secret: Secret): Promise<Record<string, string>> {
  const entries = Object.entries(router.secrets).map(async ([name, at]) => [name, await secret(at)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

const inputOf = (
  router: CommandRouter,
  instances: readonly Instance[],
  secrets: Readonly<Record<string, string>>,
  { operation, to = [], settings = {} }: HookOrder,
  withinMs: number,
) => ({
  version: 1,
  operation,
  router: router.name,
  instances: instances.map(({ name, host, port }) => ({ name, host, port })),
  to,
  settings,
  withinMs,
  secrets,
});

/** The same for hooks in shell, which read no JSON. Without the secrets: variables of a process are seen by others. */
const variablesOf = (
  router: CommandRouter,
  instances: readonly Instance[],
  { operation, to = [] }: HookOrder,
  withinMs: number,
): Record<string, string> => ({
  HOOK_OPERATION: operation,
  HOOK_ROUTER: router.name,
  HOOK_INSTANCES: instances.map(({ name, host, port }) => `${name} ${host} ${port}`).join('\n'),
  HOOK_TO: to.join(' '),
  HOOK_WITHIN_MS: String(withinMs),
});

interface Told {
  readonly secrets: readonly string[];
  readonly deadlineMs: number;
}

function judge(
  router: CommandRouter,
  { operation }: HookOrder,
  ended: Ended,
  { secrets, deadlineMs }: Told,
): HookAnswer {
  const clean = (text: string) => secrets.reduce((left, value) => left.replaceAll(value, '***'), text);
  const failed = endingOf(ended, deadlineMs);
  const said = clean(lastLine(ended.stderr));
  const problem = (words: string) =>
    `router ${router.name}: its hook ${router.command[0] ?? ''}, asked to ${operation}, ${words}${said === '' ? '' : `; its last words: ${said}`}`;
  if (ended.how === 'not started')
    throw misconfigured(
      problem(failed),
      'Correct the command in the inventory, or let the user of the worker execute it.',
    );

  const read = ended.how === 'exit' ? readHookAnswer(ended.stdout) : { unreadable: '' };
  if ('refusal' in read) {
    const { error, hint, retry } = read.refusal;
    throw new RunbookError({
      code: retry ? 'ROUTER_DISAGREES' : 'ROUTER_MISCONFIGURED',
      message: problem(`says: ${clean(error).replace(/\.+$/, '')}`),
      hint: hint === undefined ? 'Cure what the hook names, then try again.' : `${clean(hint).replace(/\.+$/, '')}.`,
    });
  }
  if (failed !== '')
    throw new RunbookError({
      code: 'ROUTER_UNREACHABLE',
      message: problem(failed),
      hint: 'Run the hook by hand as the user of the worker; until it works, make sure that no client reaches the old primary through this router.',
    });
  if ('unreadable' in read)
    throw misconfigured(
      problem(`answered ${read.unreadable}`),
      'Let it print the routing as docs/routers.md describes it.',
    );
  return read.answer;
}

export const misconfigured = (message: string, hint: string): RunbookError =>
  new RunbookError({ code: 'ROUTER_MISCONFIGURED', message, hint });
