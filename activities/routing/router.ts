import { type Instance, type Router } from '../../workflows/decisions/cluster';
import { RunbookError } from '../errors';
import { controlHaproxy } from './haproxy';

/** What a router does now, read from its running state, never from its configuration file. Names are the inventory's. */
export interface Routing {
  readonly router: string;
  /** Servers that writes can go to: at once, or as soon as the router's own health check allows. Empty = fenced. */
  readonly writers: readonly string[];
  readonly readers: readonly string[];
  /** Client sessions that are attached to each server for writes. */
  readonly sessions: Readonly<Record<string, number>>;
  /** Where the router believes each server to be, `host:port`, for comparison with the inventory. */
  readonly addresses: Readonly<Record<string, string>>;
}

/**
 * One router. Every call reads the running state first, sets absolute states after, reads back, and ends within its deadline; so
 * each may be repeated after a lost reply. All throw ROUTER_UNREACHABLE (a retry helps; the change may have been made),
 * ROUTER_MISCONFIGURED (it does not), ROUTER_DISAGREES (the state read back is not the one that was set; a retry may help).
 */
export interface RouterControl {
  readonly name: string;
  read(): Promise<Routing>;
  /** Nobody can write through this router any more: every writer out, its sessions cut. */
  fence(): Promise<Routing>;
  /** Exactly one writer, and no session left on any other server. Nobody can write for the moment of the change. */
  pointWritesTo(instance: Instance): Promise<Routing>;
  /** Exactly these readers; sessions of servers that are taken out are cut. Does nothing where the router has no reads. */
  pointReadsTo(instances: readonly Instance[]): Promise<Routing>;
}

export interface RouterOptions {
  /** For a whole call. Default 500. */
  readonly deadlineMs?: number;
}

/** `instances` are all of the cluster's: a router that has another address for one of them is refused. */
export function openRouter(
  router: Router,
  instances: readonly Instance[],
  { deadlineMs = 500 }: RouterOptions = {},
): RouterControl {
  return controlHaproxy(router, instances, deadlineMs);
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
