import { z } from 'zod';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type CommandRouter } from '../../../workflows/decisions/router';
import { type Routing } from '../control';

const names = z.array(z.string().min(1));

/** What a hook prints after every operation: the routing as it is now. Names are the inventory's. Described in docs/routers.md. */
const routingAnswer = z.strictObject({
  writers: names,
  readers: names.default([]),
  /** Client sessions of each server. One that is not named is not counted. */
  sessions: z.record(z.string(), z.int().nonnegative()).default({}),
  settings: z.record(z.string(), z.number()).default({}),
  addresses: z.record(z.string(), z.string()).default({}),
  /** New connections wait. */
  held: z.boolean().default(false),
  /** Servers of which it cannot tell whether clients reach them, each with the reason. */
  unknown: z.record(z.string(), z.string()).default({}),
  /** What it has no means for. */
  cannot: z.array(z.enum(['hold', 'cutSessions'])).default([]),
});

const refusal = z.strictObject({
  error: z.string().min(1),
  hint: z.string().min(1).exactOptional(),
  /** Does another try make sense? */
  retry: z.boolean().default(true),
});

export type HookAnswer = z.output<typeof routingAnswer>;
export type HookRefusal = z.output<typeof refusal>;
export type ReadAnswer =
  { readonly answer: HookAnswer } | { readonly refusal: HookRefusal } | { readonly unreadable: string };

/** The answer on a hook's standard output. Never throws; `unreadable` says what is wrong with it and quotes nothing of it. */
export function readHookAnswer(stdout: string): ReadAnswer {
  if (stdout.trim() === '') return { unreadable: 'nothing' };
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return { unreadable: 'something that is no JSON' };
  }
  const refused = refusal.safeParse(value);
  if (refused.success) return { refusal: refused.data };
  const routed = routingAnswer.safeParse(value);
  if (routed.success) return { answer: routed.data };
  const [issue] = routed.error.issues;
  return { unreadable: `JSON of another form (${[...(issue?.path ?? []), issue?.message].join(': ')})` };
}

export const takesWritesStill = ({ writers, sessions }: HookAnswer, allowed: readonly string[]): string =>
  [
    ...writers.filter((name) => !allowed.includes(name)).map((name) => `${name} takes writes`),
    ...Object.entries(sessions)
      .filter(([name, count]) => count > 0 && !allowed.includes(name))
      .map(([name, count]) => `${name} still has ${count} sessions`),
  ].join(', ');

export const lacks = (listed: readonly string[], wanted: readonly string[]): string =>
  wanted
    .filter((name) => !listed.includes(name))
    .map((name) => `it does not lead to ${name}`)
    .join(', ');

/** Why nobody can conclude from this answer that servers other than `allowed` get no writes; '' when one can. */
export function missingProof(
  { unknown, cannot, sessions }: HookAnswer,
  instances: readonly Instance[],
  allowed: readonly string[],
): string {
  const blind = Object.entries(unknown).filter(([name]) => !allowed.includes(name));
  if (blind.length > 0) return `it cannot tell whether clients reach ${tellUnknown(Object.fromEntries(blind))}`;
  if (cannot.includes('cutSessions')) return 'it cannot cut the sessions of clients that are connected already';
  const uncounted = instances.map(({ name }) => name).filter((name) => !allowed.includes(name) && !(name in sessions));
  return uncounted.length > 0 ? `it does not count the sessions of ${uncounted.join(', ')}` : '';
}

export const tellUnknown = (unknown: HookAnswer['unknown']): string =>
  Object.entries(unknown)
    .map(([name, because]) => `${name} (${because})`)
    .join(', ');

export function routingOf(router: CommandRouter, instances: readonly Instance[], answer: HookAnswer): Routing {
  const { writers, readers, sessions, settings, addresses } = answer;
  const noProof = missingProof(answer, instances, writers);
  return { router: router.name, writers, readers, sessions, settings, addresses, ...(noProof !== '' && { noProof }) };
}
