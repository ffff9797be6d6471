import { type Activities, type BrokenLink, type Preview } from '../../activities';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type InstanceFacts, type Member } from '../../workflows/decisions/facts';
import { type CopyFacts } from '../../workflows/decisions/provision/facts';
import { automatic, P } from '../decisions/facts';
import { executed, instance, primary, replica, snapshotOf, soundDetail, uuidOf } from '../decisions/members';
import { type Scene } from './stage';

const epoch = { epoch: 1, primaryUuid: uuidOf('db1'), run: 'r' };
const sound = { ...executed(`${P}:1-100`), detail: soundDetail(), epoch };
const old: Partial<InstanceFacts> = { ...sound, release: '5.7', version: '5.7.22' };
const fresh: Partial<InstanceFacts> = { ...sound, release: '8.0', version: '8.0.12' };
const NAMES = ['db1', 'db2', 'db3', 'db4'] as const;

const nothing = { ...fresh, ...executed(''), readOnly: true, superReadOnly: true };
const purged = { gtid: { mode: 'ON', executed: `${P}:1-100`, purged: `${P}:1-20` } };

/** Before: db3 and db4 follow db1, or are empty. Behind the switch: db3 is the primary, db1 the way back, db2 below it. */
const members = ({ head, empty }: Pick<World, 'head' | 'empty'>): Member[] =>
  head === 'db1'
    ? [
        primary('db1', { ...old, ...(empty.size > 0 ? purged : {}) }),
        replica('db2', 'db1', old),
        ...['db3', 'db4'].map((name) => (empty.has(name) ? primary(name, nothing) : replica(name, 'db1', fresh))),
      ]
    : [replica('db1', 'db3', old), replica('db2', 'db1', old), primary('db3', fresh), replica('db4', 'db3', fresh)];

const copyFacts = (name: string): CopyFacts => ({
  ...{ name, bytes: 7, plugins: [], schemas: [], nonInnodb: [], grants: [], freeBytes: null },
  variables: { version: name < 'db3' ? '5.7.22' : '8.0.12' },
});

export interface World {
  /** Who takes the writes. */
  head: string;
  broken: BrokenLink[];
  /** db3 and db4 that have nothing yet, of a primary that has purged what they need. */
  readonly empty: Set<string>;
  readonly detached: string[];
}

/** 5.7 on db1 and db2, 8.0 on db3 and db4; the primary goes where it is moved. */
export function upgradable(
  change: Partial<Cluster> = {},
  empty: readonly string[] = [],
): { scene: Partial<Scene>; world: World } {
  const world: World = { head: 'db1', broken: [], empty: new Set(empty), detached: [] };
  const cluster = automatic({
    ...{ tls: { mode: 'verify', ca: '/ca.pem' }, durability: 'async', upgrade: { green: ['db3', 'db4'] } },
    instances: NAMES.map((name) => instance(name, { adminPort: 33_062 })),
    ...change,
  });
  const acts: Partial<Activities> = {
    previewCluster: ({ cluster: name }) =>
      Promise.resolve({
        ...{ cluster: { ...cluster, name }, snapshot: snapshotOf(...members(world)) },
        ...{ routers: [], settings: {}, cannotHold: [] },
      } satisfies Preview),
    surveyProvision: ({ cluster: name }) =>
      Promise.resolve({
        ...{ cluster: { ...cluster, name }, snapshot: snapshotOf(...members(world)), routers: [] },
        ...{ copies: NAMES.map(copyFacts), tools: ['mysqldump', 'mysql'] },
      }),
    openRecipient: () => Promise.resolve({ since: '' }),
    dumpInto: ({ instance: name }) => {
      world.empty.delete(name);
      return Promise.resolve({ gtids: `${P}:1-100`, bytes: 7, seconds: 1, notes: [] });
    },
    settleCopy: () => Promise.resolve({ gtids: `${P}:1-100`, channelsForgotten: 0 }),
    switchPrimary: ({ to }) => {
      world.head = to;
      const routed = { routers: [], provedAt: null, parts: [] };
      const done = { uuid: uuidOf(to), epoch: 2, routed, unreleased: [], gapMs: 31, parts: [] };
      return Promise.resolve({ result: 'switched', ...done });
    },
    precheckUpgrade: ({ to }) =>
      Promise.resolve({
        ...{ cluster: cluster.name, path: { through: ['5.7', to], forced: null }, servers: [], readOn: 'db2' },
        ...{ deep: false, findings: [], errors: 0, warnings: 0, notices: 0, officialSkipped: null },
      }),
    watchLinks: async ({ forSeconds }) => {
      if (world.broken.length === 0)
        await new Promise((resolve) => setTimeout(resolve, Math.min(20, forSeconds * 1_000)));
      return world.broken;
    },
    tryQueries: () => Promise.resolve([]),
    compareRows: () => Promise.resolve({ tables: 2, rows: 7, different: [], at: `${P}:1-100` }),
    detach: ({ name }) => {
      world.detached.push(name);
      return Promise.resolve('detached');
    },
  };
  return { scene: { cluster, acts }, world };
}
