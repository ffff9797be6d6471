import { type ClusterSnapshot, newestPromotion } from './facts';

/** One attempt to commit a row on the primary, with a deadline: the only probe that a full disk or a stalled one cannot fool. */
export interface CommitProbe {
  readonly outcome:
    | 'committed'
    | 'timed out' // connected, the commit did not come back in time
    | 'no connection' // refused, unreachable or no greeting; the member's own reason says which
    | 'read only' // 1290, 1836
    | 'disk full' // 1021, 1114, 3 with errno 28; or a session of ours that waits for disk space
    | 'blocked by semi-sync' // a session that waits for an acknowledgement
    | 'denied' // 1045, 1142 …
    | 'failed';
  readonly elapsedMs: number;
  readonly detail: string;
}

/** What the watcher last saw of a primary while it was well. Kept outside the fleet, so that it survives the primary. */
export interface LastSeen {
  readonly primary: string;
  readonly primaryUuid: string;
  readonly gtidExecuted: string;
  /** ISO 8601. */
  readonly at: string;
  /** ISO 8601 of the last commit of ours that was acknowledged; null before the first. */
  readonly committedAt: string | null;
  /** Were commits waiting for an acknowledgement at that moment? null when the plugin is not there. */
  readonly semiSyncActive: boolean | null;
  /** Names of the replicas that acknowledged then. */
  readonly acknowledgers: readonly string[];
  /** How many acknowledgements a commit waited for. */
  readonly waitForReplicaCount: number;
  /** How long a commit surely waits before the primary goes on without an acknowledgement; 0 = it does so as soon as replicas are gone. */
  readonly patientForMs?: number | undefined;
  /** Commits that nobody acknowledged, counted since the server started. */
  readonly unacknowledged: number;
  /** The newest promotion that any member knew of then; 0 = none. */
  readonly epoch?: number | undefined;
}

/**
 * Has another server been promoted since? Then what is remembered is a server of the past: it may be back as a replica by now, and to take
 * it for a primary that restarted would open it beside what its successor's replicas hold. A promotion without a runbook leaves no epoch.
 */
export function isOutdated({ primaryUuid, epoch }: LastSeen, snapshot: ClusterSnapshot): boolean {
  const newest = newestPromotion(snapshot);
  return newest !== null && epoch !== undefined && newest.epoch > epoch && newest.primaryUuid !== primaryUuid;
}

/** Where one router sends writes now, by its running state. */
export interface RouterView {
  readonly router: string;
  /** Servers that writes can go to; null when the router could not be read. Empty = nobody can write through it. */
  readonly writers: readonly string[] | null;
  /** Servers that reads go to; empty or left out where it has no reads or was not read. */
  readonly readers?: readonly string[];
  /** It answers, but as it is configured nothing can be routed by it; another attempt does not help. */
  readonly misconfigured: boolean;
  /** Why it could not be read, '' when it was. */
  readonly because: string;
  /** After a change clients may be led to the old server for so many seconds. Left out: for none. */
  readonly staleForSeconds?: number;
}

/** Everything the judgement of a primary stands on. */
export interface Sighting {
  readonly snapshot: ClusterSnapshot;
  /** The server that is thought to be the primary, null when nobody is. */
  readonly primary: string | null;
  readonly commit: CommitProbe | null;
  readonly lastSeen: LastSeen | null;
  readonly routers: readonly RouterView[];
}

/** A replica's word on its source. */
export interface Testimony {
  readonly replica: string;
  readonly says: 'sees it' | 'does not see it' | 'cannot say';
  readonly because: string;
}
