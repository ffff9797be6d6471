import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { judgeLink, type Link } from '../../workflows/decisions/upgrading/way-back';
import { type Deps } from '../deps';
import { lookAtCluster } from '../observe/cluster';

export interface LinksOrder {
  readonly cluster: Cluster;
  readonly links: readonly Link[];
  readonly forSeconds: number;
}

export interface BrokenLink extends Link {
  readonly because: string;
}

const LOOK_EVERY_MS = 1_000;
/** A thread that is restarted, or a channel that is turned, looks broken for a moment. */
const BROKEN_LOOKS = 2;
const UNREAD_LOOKS = 30;

/**
 * Look at these links once a second, for so long or until one is broken; returns those that are. `forSeconds` 0 = one look. Changes nothing.
 * A server that does not answer counts only after half a minute: that is another runbook's matter first.
 */
export async function watchLinks(deps: Deps, { cluster, links, forSeconds }: LinksOrder): Promise<BrokenLink[]> {
  const names = links.flatMap(({ replica, source }) => [replica, source]);
  const part = { ...cluster, instances: cluster.instances.filter(({ name }) => names.includes(name)) };
  const counts = new Map<Link, number>();
  for (const until = performance.now() + forSeconds * 1_000; ;) {
    const snapshot = await lookAtCluster(deps.servers, part, { full: false });
    const found = links.flatMap((link): BrokenLink[] => {
      const judged = judgeLink(snapshot, link);
      if (judged.state === 'whole') {
        counts.delete(link);
        return [];
      }
      const seen = (counts.get(link) ?? 0) + 1;
      counts.set(link, seen);
      const enough = forSeconds === 0 ? 1 : judged.state === 'broken' ? BROKEN_LOOKS : UNREAD_LOOKS;
      if (seen < enough) return [];
      const because = judged.state === 'broken' ? judged.because : `${link.replica} cannot be read`;
      return [{ ...link, because }];
    });
    deps.heartbeat({ watching: links.length });
    if (found.length > 0 || performance.now() >= until) return found;
    await pause(LOOK_EVERY_MS);
  }
}
