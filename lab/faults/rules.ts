/**
 * What a link does to the bytes of one party on their way to one server, both directions alike.
 * `refuse`: new connections are reset, standing ones cut. `blackhole`: connections stay and nothing moves, as behind a
 * firewall that drops; the kernel still accepts new ones, so a client sees a silent host and not a missing one.
 * `slow`: every byte arrives `delayMs` later, at most `bytesPerSecond` of them.
 */
export type LinkRule =
  | { readonly kind: 'open' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'blackhole' }
  | { readonly kind: 'slow'; readonly delayMs?: number; readonly bytesPerSecond?: number };

/** `db1` …, `router`, `worker1` …, `observer` (any process that is none of these, such as a test), `*` (everybody). */
export type Party = string;

export type RelayRequest =
  | { readonly op: 'rule'; readonly party: Party; readonly server: string; readonly rule: LinkRule }
  | { readonly op: 'heal' }
  | { readonly op: 'connections' };

export interface RelayConnection {
  readonly party: Party;
  readonly server: string;
}

export interface RelayAnswer {
  readonly ok: boolean;
  readonly error?: string;
  readonly connections?: readonly RelayConnection[];
}
