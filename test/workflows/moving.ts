import { type Preview } from '../../activities';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Opening } from '../../workflows/decisions/calendar';
import { type Member } from '../../workflows/decisions/facts';
import { automatic, P } from '../decisions/facts';
import { executed, instance, primary, replica, snapshotOf, soundDetail } from '../decisions/members';
import { type Scene } from './stage';

const epoch = { epoch: 1, primaryUuid: primary('db1').serverUuid, run: 'r' };
const sound = { ...executed(`${P}:1-100`), detail: soundDetail(), epoch };
/** A fleet whose primary may be moved. */
export const well: readonly Member[] = [
  primary('db1', sound),
  replica('db2', 'db1', sound),
  replica('db3', 'db1', sound),
];
/** db2 is the primary already. */
export const moved: readonly Member[] = [
  primary('db2', sound),
  replica('db1', 'db2', sound),
  replica('db3', 'db2', sound),
];
export const holdup = { session: 7, user: 'app', ageSeconds: 3, what: 'transaction', query: '' } as const;

const cluster = automatic({
  tls: { mode: 'verify', ca: '/ca.pem' },
  instances: ['db1', 'db2', 'db3'].map((name) => instance(name, { adminPort: 33_062 })),
});

/** What a preflight sees, one for each; the last one stays. `openings`: likewise of the maintenance windows. */
export function movable(
  previews: readonly (readonly Member[])[] = [well],
  openings: readonly (Opening | null)[] = [null],
  change: Partial<Cluster> = {},
): Partial<Scene> & Required<Pick<Scene, 'acts'>> {
  let [previewed, asked] = [0, 0];
  return {
    cluster,
    acts: {
      previewCluster: ({ cluster: name }) =>
        Promise.resolve({
          cluster: { ...cluster, ...change, name },
          snapshot: snapshotOf(...(previews[Math.min(previewed++, previews.length - 1)] ?? [])),
          ...{ routers: [], settings: {}, cannotHold: [] },
        } satisfies Preview),
      nextWindow: () => Promise.resolve(openings[Math.min(asked++, openings.length - 1)] ?? null),
    },
  };
}
