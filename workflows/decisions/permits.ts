/** The ledger of automatic failovers of the whole fleet: who was granted one, when. Times are epoch milliseconds. */
export interface Ledger {
  readonly grants: readonly Grant[];
}

export interface Grant {
  readonly cluster: string;
  readonly run: string;
  readonly atMs: number;
}

export interface Limit {
  readonly failovers: number;
  readonly perMinutes: number;
}

export interface PermitRequest {
  readonly cluster: string;
  readonly run: string;
  /** Only ask what the answer would be: a rehearsal takes nothing. */
  readonly peek: boolean;
  readonly perCluster: Limit;
  readonly perFleet: Limit;
}

export interface Permit {
  readonly granted: boolean;
  readonly because: string;
}

/** Windows longer than a week are refused by the inventory, so older grants can be forgotten. */
const LONGEST_WINDOW_MS = 7 * 24 * 3_600_000;

export const emptyLedger: Ledger = { grants: [] };

/**
 * Grant or refuse one automatic failover. A refusal is no error: the failover asks a human instead. Two limits: a flapping
 * cluster must not eat its replicas one by one, and one network event must not move two hundred primaries at once.
 */
export function requestPermit(
  ledger: Ledger,
  request: PermitRequest,
  nowMs: number,
): { ledger: Ledger; permit: Permit } {
  const before = ledger.grants.find((grant) => grant.run === request.run);
  if (before) return { ledger, permit: { granted: true, because: 'this run was granted already' } };
  const within = (limit: Limit) => (grant: Grant) => grant.atMs > nowMs - limit.perMinutes * 60_000;
  const ofCluster = ledger.grants
    .filter((grant) => grant.cluster === request.cluster)
    .filter(within(request.perCluster));
  if (ofCluster.length >= request.perCluster.failovers) {
    return {
      ledger,
      permit: {
        granted: false,
        because: `${request.cluster} has failed over automatically ${times(ofCluster.length)} within ${request.perCluster.perMinutes} minutes: it may be flapping`,
      },
    };
  }
  const ofFleet = ledger.grants.filter(within(request.perFleet));
  if (ofFleet.length >= request.perFleet.failovers) {
    return {
      ledger,
      permit: {
        granted: false,
        because: `${ofFleet.length} clusters of the fleet have failed over automatically within ${request.perFleet.perMinutes} minutes: the cause may be the network`,
      },
    };
  }
  const kept = ledger.grants.filter((grant) => grant.atMs > nowMs - LONGEST_WINDOW_MS);
  return {
    ledger: request.peek ? ledger : { grants: [...kept, { cluster: request.cluster, run: request.run, atMs: nowMs }] },
    permit: {
      granted: true,
      because: `automatic failover ${ofCluster.length + 1} of ${request.perCluster.failovers} allowed within ${request.perCluster.perMinutes} minutes`,
    },
  };
}

/** A run that stood down without a change gives its permit back. */
export const returnPermit = (ledger: Ledger, run: string): Ledger => ({
  grants: ledger.grants.filter((grant) => grant.run !== run),
});

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);
