import { type Cluster, type Instance } from '../../workflows/decisions/cluster';
import { type Router } from '../../workflows/decisions/router';
import { elect, type Election, type ElectionQuestion } from '../../workflows/decisions/election';
import { errantByReplica } from '../../workflows/decisions/errant';
import { type CommitProbe, type LastSeen, type RouterView, type Sighting } from '../../workflows/decisions/evidence';
import { type ChannelFacts, type InstanceFacts, type Member } from '../../workflows/decisions/facts';
import { decideFailover, type Decision } from '../../workflows/decisions/failover';
import { clusterOf, instance, replica, snapshotOf, uuidOf } from './members';

/** The incident's usual cast: db1 is the primary, db2 and db3 replicate from it. P is what db1 writes. */
export const [P, A, B, X] = ['db1', 'db2', 'db3', 'db9'].map(uuidOf) as [string, string, string, string];

export const haproxy: Router = {
  kind: 'haproxy',
  name: 'edge',
  socket: 'unix:/run/haproxy.sock',
  writeBackend: 'writes',
  writeAddress: { host: '127.0.0.1', port: 3306 },
};

/** A name in the place of a proxy. */
export const dns: Router = {
  kind: 'dns',
  name: 'edge',
  server: { host: '10.0.0.53', port: 53 },
  zone: 'db.example.org',
  writeName: 'orders-rw.db.example.org',
  ttlSeconds: 5,
  key: { name: 'runbooks', algorithm: 'hmac-sha256', secret: { env: 'DNS_KEY' } },
  writeAddress: { host: 'orders-rw.db.example.org', port: 3306 },
};

/** Runs by itself where every refusal is clear; one router, so there is a fence in reach. */
export const automatic = (change: Partial<Cluster> = {}, instances: Readonly<Record<string, Partial<Instance>>> = {}) =>
  clusterOf(['db1', 'db2', 'db3'], {
    routers: [haproxy],
    failover: {
      mode: 'automatic',
      holdDownSeconds: 1,
      atMost: { failovers: 1, perMinutes: 60 },
      approvalMinutes: 10,
      applyStallSeconds: 30,
    },
    instances: ['db1', 'db2', 'db3'].map((name) => instance(name, instances[name])),
    ...change,
  });

/** What the watcher last saw of db1, a second before the look of `snapshotOf`. */
export const seen = (gtidExecuted: string, change: Partial<LastSeen> = {}): LastSeen => ({
  primary: 'db1',
  primaryUuid: P,
  gtidExecuted,
  at: '2025-12-31T23:59:59.000Z',
  committedAt: '2025-12-31T23:59:58.900Z',
  semiSyncActive: true,
  acknowledgers: ['db2', 'db3'],
  waitForReplicaCount: 1,
  patientForMs: 10_000,
  unacknowledged: 0,
  ...change,
});

/** A replica whose receiver has lost its source and cannot connect. */
export const deaf = (
  name: string,
  has: { executed: string; retrieved?: string; purged?: string },
  change: Partial<InstanceFacts> = {},
  channel: Partial<ChannelFacts> = {},
): InstanceFacts =>
  replica(
    name,
    'db1',
    { gtid: { mode: 'ON', executed: has.executed, purged: has.purged ?? '' }, ...change },
    { receiver: 'connecting', retrieved: has.retrieved ?? '', ...channel },
  );

export const commit = (outcome: CommitProbe['outcome'], elapsedMs = 3): CommitProbe => ({
  outcome,
  elapsedMs,
  detail: `the server's words on ${outcome}`,
});

interface Look {
  readonly primary?: string | null;
  readonly probe?: CommitProbe | null;
  readonly lastSeen?: LastSeen | null;
  readonly routers?: readonly RouterView[];
}

export const sighting = (
  members: readonly Member[],
  { primary = 'db1', probe = null, lastSeen = null, routers = [] }: Look = {},
): Sighting => ({ snapshot: snapshotOf(...members), primary, commit: probe, lastSeen, routers });

export const decide = (cluster: Cluster, seenNow: Sighting): Decision => decideFailover({ cluster, sighting: seenNow });

/** The plan of a decision that carries something out; fails the test when it stands down. */
export function planOf(decision: Decision) {
  if (decision.act === 'stand down') throw new Error(`stood down: ${decision.because}`);
  return decision.plan;
}

export const risksIn = (decision: Decision): string[] => planOf(decision).risks.map((risk) => risk.code);

/** An election as the failover holds it: errant transactions are found, not given. */
export function election(
  cluster: Cluster,
  members: readonly Member[],
  question: Partial<Pick<ElectionQuestion, 'lastSeen' | 'allowBarred' | 'known'>> = {},
): Election {
  const snapshot = snapshotOf(...members);
  const lastSeen = question.lastSeen ?? null;
  const errant = errantByReplica(snapshot, 'db1', lastSeen);
  return elect({ cluster, snapshot, oldPrimary: 'db1', errant, ...question, lastSeen });
}
