import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { type MysqlRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { systemCode } from '../../inventory/system-code';

/** What the running process does. */
export interface RunningRoute {
  /** `host:port`, in its order. */
  readonly destinations: readonly string[];
  /** `host:port` of the server of each client session. */
  readonly sessions: readonly string[];
}

const destinationList = z.object({ items: z.array(z.object({ address: z.string(), port: z.number() })) });
const connectionList = z.object({ items: z.array(z.object({ destinationAddress: z.string().default('') })) });

/**
 * The route as the running MySQL Router has it, by its REST API, which changes nothing (and can change nothing). null: it runs and knows no
 * such route, as for a moment while it starts or ends.
 * Throws ROUTER_UNREACHABLE (a retry helps), ROUTER_MISCONFIGURED (account, certificate).
 * Source: MySQL Router manual, "MySQL Router REST API Reference".
 */
export async function readRunningRoute(
  router: MysqlRouter,
  password: string,
  until: number,
): Promise<RunningRoute | null> {
  const get = (what: string) => ask(router, `/routes/${encodeURIComponent(router.route)}/${what}`, password, until);
  const [destinations, connections] = await Promise.all([get('destinations'), get('connections')]);
  if (destinations === NO_ROUTE || connections === NO_ROUTE) return null;
  const [listed, connected] = [destinationList.safeParse(destinations), connectionList.safeParse(connections)];
  if (!listed.success || !connected.success)
    throw unusable(router, 'answers in a form that is not known', 'Compare its release with docs/routers.md.');
  return {
    destinations: listed.data.items.map(
      ({ address, port }) => `${address.includes(':') ? `[${address}]` : address}:${port}`,
    ),
    sessions: connected.data.items.map(({ destinationAddress }) => destinationAddress),
  };
}

const NO_ROUTE = Symbol('404');

async function ask(router: MysqlRouter, path: string, password: string, until: number): Promise<unknown> {
  const { url, account, ca } = router.restApi;
  const at = new URL(`/api/20190715${path}`, url);
  const options = {
    auth: `${account.user}:${password}`,
    agent: false as const,
    timeout: Math.max(1, Math.round(until - performance.now())),
    ...(ca !== undefined && { ca: await readFile(ca) }),
  };
  const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const hear = (response: IncomingMessage) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', (error) => reject(trouble(router, error)));
    };
    const asked = at.protocol === 'https:' ? requestHttps(at, options, hear) : requestHttp(at, options, hear);
    // `timeout` counts silence only; the whole question ends with the deadline.
    const timer = setTimeout(() => asked.destroy(new Error('it did not answer in time')), options.timeout);
    asked.on('error', (error) => reject(trouble(router, error)));
    asked.on('close', () => clearTimeout(timer));
    asked.end();
  });
  if (status === 401 || status === 403)
    throw unusable(
      router,
      `refuses ${account.user}`,
      'Compare the account with the realm of [rest_routing] (`mysqlrouter_passwd list`).',
    );
  if (status === 404) return NO_ROUTE;
  if (status !== 200) throw silent(router, `answered with status ${status}`);
  try {
    return JSON.parse(body);
  } catch {
    throw silent(router, 'broke off its answer');
  }
}

function trouble(router: MysqlRouter, error: Error): RunbookError {
  const code = systemCode(error);
  if (/CERT|TLS|SSL|UNABLE_TO_VERIFY/.test(code))
    return unusable(
      router,
      `shows a certificate that is not trusted (${code})`,
      'Name its authority: restApi.ca in the inventory.',
    );
  return silent(router, `does not answer: ${error.message || code}`);
}

const silent = (router: MysqlRouter, words: string): RunbookError =>
  new RunbookError({
    code: 'ROUTER_UNREACHABLE',
    message: `router ${router.name}: its REST API at ${router.restApi.url} ${words}`,
    hint: 'Look whether MySQL Router runs and has the section [http_server]; clients may still come through it as before.',
  });

export const noRoute = (router: MysqlRouter): RunbookError =>
  unusable(
    router,
    `knows no route ${router.route}`,
    'Give it the sections [rest_api] and [rest_routing], and name the route as its section [routing:NAME] does.',
  );

const unusable = (router: MysqlRouter, words: string, hint: string): RunbookError =>
  new RunbookError({ code: 'ROUTER_MISCONFIGURED', message: `router ${router.name}: its REST API ${words}`, hint });
