import { type FastifyInstance } from 'fastify';
import { QueryNotRegisteredError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { z } from 'zod';
import { whyMayNot } from '../../workflows/decisions/approvals';
import { personNamed, type Person } from '../../workflows/decisions/people';
import { changeId, type RunProgress } from '../../workflows/messages';
import { type GatewayDeps } from './app';
import { bearerOf, type Check, same, stranger } from './authenticate';
import { bounded } from './desk';
import { perMinute } from './limit';
import { parse, read } from './payloads';
import { malformed, notAllowed, notFound, Refusal, voteRefused } from './refusals';

const plan = z
  .string()
  .regex(/^[0-9a-f]{8,64}$/, 'expected 8 characters or more of the hash that the question shows')
  .describe("The plan that was looked at: its hash, as the run's question shows it.");
const reason = z.string().max(500);

export const VOTES = {
  approve: z.strictObject({ plan, reason: reason.default('') }),
  reject: z.strictObject({ plan: plan.optional(), reason: reason.min(1, 'say why').describe('For the report.') }),
} as const;

/** The run judges for itself; here a stranger to the role is told before anything reaches it. */
const ANSWERERS = { approve: ['approver'], reject: ['approver', 'breaker'] } as const;

/** `GET /runs/:id` shows what a run asks; `POST /runs/:id/approve` and `/reject` answer it, as the person whose token was sent. */
export function serveRuns(app: FastifyInstance, deps: GatewayDeps, check: Check): void {
  const callers = new WeakMap<object, Person>();
  const callerOf = (request: object): Person => {
    const person = callers.get(request);
    if (!person) throw new Error('a request that nobody has authenticated');
    return person;
  };
  // After the limit, so that guesses are counted, and before the body is read.
  const preParsing = async (request: { headers: Record<string, string | string[] | undefined> }) => {
    callers.set(request, await personOf(deps, bearerOf(request.headers), check));
  };
  const config = perMinute(deps);

  app.get<{ Params: { id: string } }>('/runs/:id', { config, preParsing }, async ({ params }): Promise<RunProgress> => {
    const handle = deps.client.workflow.getHandle(await workflowIdOf(deps, params.id));
    return onRun(deps, params.id, () => handle.query<RunProgress>('progress'));
  });

  for (const answer of ['approve', 'reject'] as const) {
    app.post<{ Params: { id: string } }>(`/runs/:id/${answer}`, { config, preParsing }, async (request) => {
      const person = callerOf(request);
      const workflow = await workflowIdOf(deps, request.params.id);
      const heard = (outcome: 'counted' | 'refused', text: string) =>
        deps.audit?.({ what: 'vote', door: 'http', by: person.name, workflow, outcome, text: `${answer}: ${text}` });
      const mayNot = whyMayNot(person.name, ANSWERERS[answer], (await deps.inventory()).people);
      if (mayNot !== null) {
        heard('refused', mayNot);
        throw notAllowed(
          mayNot.replace(/\.$/, ''),
          `It takes the role ${ANSWERERS[answer].join(' or ')}, in \`people\` of the inventory.`,
        );
      }
      if (!Buffer.isBuffer(request.body)) throw malformed('there is no body', 'Send {"plan": "…", "reason": "…"}.');
      const vote = read(`a vote (${answer})`, VOTES[answer], parse(request.body));
      const handle = deps.client.workflow.getHandle(workflow);
      const args: [object] = [{ ...vote, by: person.name, door: 'http' }];
      const sentence = await onRun(deps, request.params.id, () =>
        handle.executeUpdate<string, [object]>(answer, { args }),
      ).catch((error: unknown) => {
        if (error instanceof Refusal && error.status === 409) heard('refused', error.message);
        throw error;
      });
      heard('counted', sentence);
      request.log.info({ person: person.name, answer, run: workflow }, 'vote counted');
      return { sentence };
    });
  }
}

/** Every token is compared, so that the time tells nothing about whose it nearly was. Throws 401. */
async function personOf(deps: GatewayDeps, token: string, check: Check): Promise<Person> {
  const { gateway, people } = await deps.inventory();
  let found: Person | undefined;
  for (const caller of gateway?.callers ?? [])
    if (await check(caller.token, (known) => same(known, token))) found ??= personNamed(people, caller.person);
  if (token === '' || !found) throw stranger();
  return found;
}

/** A cluster's name stands for the change that it is in. Throws 404 for anything but the change of a known cluster. */
async function workflowIdOf(deps: GatewayDeps, written: string): Promise<string> {
  const { clusters } = await deps.inventory();
  const cluster = clusters.find(({ name }) => name === written || changeId(name) === written);
  if (cluster) return changeId(cluster.name);
  throw notFound('there is no cluster of this name', 'Name a cluster of the inventory, as in /runs/orders.');
}

async function onRun<Result>(deps: GatewayDeps, written: string, work: () => Promise<Result>): Promise<Result> {
  return bounded(deps.client, async () => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || error instanceof QueryNotRegisteredError)
        throw notFound(`nothing runs for ${written}`, 'See what goes on with `runbook list`.');
      if (error instanceof WorkflowUpdateFailedError)
        throw voteRefused(
          `the answer does not count: ${(error.cause ?? error).message.replace(/\.$/, '')}`,
          `Look again: GET /runs/${written}.`,
        );
      throw error;
    }
  });
}
