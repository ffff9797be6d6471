import { type Cluster } from '../../workflows/decisions/cluster';
import { type InstanceDetail, type InstanceFacts } from '../../workflows/decisions/facts';
import { clusterOf, instance, primary, replica, snapshotOf, soundDetail, uuidOf } from './members';

export const cluster = clusterOf([], {
  instances: ['db1', 'db2', 'db3'].map((name) => instance(name, { adminPort: 33_062 })),
  tls: { mode: 'verify', ca: '/ca.pem' },
});
export const epoch = { epoch: 2, primaryUuid: uuidOf('db1'), run: 'r' };

export interface Change {
  readonly cluster?: Partial<Cluster>;
  readonly db1?: Partial<InstanceFacts>;
  readonly db2?: Partial<InstanceFacts>;
  readonly db2Channel?: Parameters<typeof replica>[3];
  readonly db2Detail?: Partial<InstanceDetail>;
  readonly db2Variables?: Record<string, string | undefined>;
}

export function fleet(change: Change) {
  const variables = { ...soundDetail().variables, ...change.db2Variables };
  const defined = Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const sound = { detail: soundDetail(), epoch };
  const detail = soundDetail({ variables: defined, atBoot: defined, ...change.db2Detail });
  const look = snapshotOf(
    primary('db1', { ...sound, ...change.db1 }),
    replica('db2', 'db1', { ...sound, detail, ...change.db2 }, change.db2Channel),
    replica('db3', 'db1', sound),
  );
  return { look, cluster: { ...cluster, ...change.cluster } };
}

export const semi = (change: Partial<InstanceFacts['semiSync']>) => ({ ...primary('db1').semiSync, ...change });
export const semiOfReplica = (change: Partial<InstanceFacts['semiSync']>) => ({
  ...replica('db2', 'db1').semiSync,
  ...change,
});
