import { type Address, type Instance } from '../../workflows/decisions/cluster';

/** What a router does now, read from its running state, never from its configuration file. Names are the inventory's. */
export interface Routing {
  readonly router: string;
  /** Servers that writes can go to: at once, or as soon as the router's own health check allows. Empty = fenced. */
  readonly writers: readonly string[];
  readonly readers: readonly string[];
  /** Client sessions that are attached to each server for writes. */
  readonly sessions: Readonly<Record<string, number>>;
  /** What a hold changes and its end must give back, by names of the router's own kind. */
  readonly settings: RouterSettings;
  /** Where the router believes each server to be, `host:port`, for comparison with the inventory. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Why this reading does not prove that nobody else takes writes through it (a server that it cannot ask, sessions that it cannot cut); left out = it does. */
  readonly noProof?: string;
  /** For so many seconds clients may still be led where the router sent them before. Left out: it takes effect at once. */
  readonly staleForSeconds?: number;
  /** Where a client that looks now comes in for writes. Left out: always at the inventory's `writeAddress`. */
  readonly entrance?: Address;
}

/** A look alone, by a router that needs a program or a web request for it: a hung one may not keep a failover waiting for longer. */
export const LOOK_WITHIN_MS = 2_000;

export type RouterSettings = Readonly<Record<string, number>>;

/**
 * One router. Every call reads the running state first, sets absolute states after, reads back, and ends within its deadline; so
 * each may be repeated after a lost reply. All throw ROUTER_UNREACHABLE (a retry helps; the change may have been made),
 * ROUTER_MISCONFIGURED (it does not), ROUTER_DISAGREES (the state read back is not the one that was set; a retry may help).
 */
export interface RouterControl {
  readonly name: string;
  /**
   * New connections can wait in it. Where it is false, `hold` and `release` change nothing: during a switchover its clients are told of
   * errors instead of waiting, from the freeze until it leads to the new primary.
   */
  readonly holds: boolean;
  read(): Promise<Routing>;
  /** Nobody can write through this router any more: every writer out, its sessions cut. Throws FENCE_NOT_PROVEN where it cannot vouch for that. */
  fence(): Promise<Routing>;
  /** Exactly one writer, and no session left on any other server. Nobody can write for the moment of the change. */
  pointWritesTo(instance: Instance): Promise<Routing>;
  /**
   * New connections wait from now on instead of reaching `instance`, for as long as the router's own queue lets them. A statement on a
   * connection that stands already is not held: no TCP router can.
   */
  hold(instance: Instance): Promise<Routing>;
  /** End of the hold, with the `settings` of a reading before it. Where clients are sent stays as it is. */
  release(instance: Instance, settings: RouterSettings): Promise<Routing>;
  /**
   * How much of its share of reads a server gets from now on, in percent; whether it gets any is `pointReadsTo`'s. Left out: this router
   * knows no weights.
   */
  readonly weighReads?: (instance: Instance, percent: number) => Promise<void>;
  /** Exactly these readers; sessions of servers that are taken out are cut. Does nothing where the router has no reads. */
  pointReadsTo(instances: readonly Instance[]): Promise<Routing>;
}
