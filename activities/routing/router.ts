import { type Instance } from '../../workflows/decisions/cluster';
import { type Router } from '../../workflows/decisions/router';
import { type Deps } from '../deps';
import { RunbookError } from '../errors';
import { controlByCommand } from './command/control';
import { type RouterControl } from './control';
import { controlDns } from './dns/control';
import { controlHaproxy } from './haproxy/control';
import { controlMysqlRouter } from './mysqlrouter/control';
import { controlProxysql } from './proxysql/control';

export interface RouterOptions {
  /** For a whole call, where the inventory gives the router no deadline of its own. Default 500. */
  readonly deadlineMs?: number;
}

/** `instances` are all of the cluster's: a router that has another address for one of them is refused. */
export function openRouter(
  deps: Pick<Deps, 'secret'>,
  router: Router,
  instances: readonly Instance[],
  { deadlineMs = 500 }: RouterOptions = {},
): RouterControl {
  switch (router.kind) {
    case 'haproxy':
      return controlHaproxy(router, instances, deadlineMs);
    case 'proxysql':
      return controlProxysql(router, instances, deadlineMs, () => deps.secret(router.account.password));
    case 'dns':
      return controlDns(router, instances, { deadlineMs, secret: deps.secret });
    case 'command':
      return controlByCommand(router, instances, deps.secret);
    case 'mysqlrouter':
      return controlMysqlRouter(router, instances, deps.secret);
  }
}

export type PerRouter<T> =
  | { readonly router: string; readonly ok: true; readonly value: T }
  | { readonly router: string; readonly ok: false; readonly error: RunbookError };

/** The same work on all routers at once. One that fails takes nothing from the others; never throws. Results keep the order given. */
export function onAllRouters<R extends { readonly name: string }, T>(
  routers: readonly R[],
  work: (router: R) => Promise<T>,
): Promise<PerRouter<T>[]> {
  return Promise.all(
    routers.map(async (router): Promise<PerRouter<T>> => {
      try {
        return { router: router.name, ok: true, value: await work(router) };
      } catch (error) {
        return { router: router.name, ok: false, error: asRunbookError(router.name, error) };
      }
    }),
  );
}

function asRunbookError(router: string, error: unknown): RunbookError {
  if (error instanceof RunbookError) return error;
  return new RunbookError({
    code: 'INTERNAL',
    message: `router ${router}: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'Report this with the log of the worker; the state of the router is not known.',
    cause: error,
  });
}
