import { type Cluster } from '../../workflows/decisions/cluster';
import { type RouterView } from '../../workflows/decisions/evidence';
import { onAllRouters, openRouter } from './router';

/** Short: a look at a cluster waits for it, and a router that is silent now is a finding. */
const DEADLINE_MS = 150;

/** Where every router sends writes now, all at once. Changes nothing, never throws. */
export async function viewRouters({ routers, instances }: Cluster): Promise<RouterView[]> {
  const controls = routers.map((router) => openRouter(router, instances, { deadlineMs: DEADLINE_MS }));
  const results = await onAllRouters(controls, (router) => router.read());
  return results.map((result) =>
    result.ok
      ? { router: result.router, writers: result.value.writers, misconfigured: false, because: '' }
      : {
          router: result.router,
          writers: null,
          misconfigured: result.error.code === 'ROUTER_MISCONFIGURED',
          because: result.error.message,
        },
  );
}
