import { type Cluster } from '../../workflows/decisions/cluster';
import { type RouterView } from '../../workflows/decisions/evidence';
import { type Deps } from '../deps';
import { type Routing } from './control';
import { onAllRouters, openRouter, type PerRouter } from './router';

/** Short: a look at a cluster waits for it, and a router that is silent now is a finding. */
const DEADLINE_MS = 150;

/** The running state of every router, all at once. Changes nothing, never throws. */
export function readRouters(
  deps: Pick<Deps, 'secret'>,
  { routers, instances }: Cluster,
  deadlineMs = DEADLINE_MS,
): Promise<PerRouter<Routing>[]> {
  const controls = routers.map((router) => openRouter(deps, router, instances, { deadlineMs }));
  return onAllRouters(controls, (router) => router.read());
}

/** Where every router sends writes now. */
export const viewRouters = async (deps: Pick<Deps, 'secret'>, cluster: Cluster): Promise<RouterView[]> =>
  (await readRouters(deps, cluster)).map(viewOf);

export const viewOf = (result: PerRouter<Routing>): RouterView =>
  result.ok
    ? {
        router: result.router,
        writers: result.value.writers,
        readers: result.value.readers,
        misconfigured: false,
        because: '',
        ...(result.value.staleForSeconds !== undefined && { staleForSeconds: result.value.staleForSeconds }),
      }
    : {
        router: result.router,
        writers: null,
        misconfigured: result.error.code === 'ROUTER_MISCONFIGURED',
        because: result.error.message,
      };
