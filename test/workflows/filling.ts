import { type Activities, type Preview } from '../../activities';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type CopyFacts, type ProvisionSurvey } from '../../workflows/decisions/provision/facts';
import { automatic, P } from '../decisions/facts';
import { executed, instance, primary, replica, snapshotOf, soundDetail } from '../decisions/members';
import { type Scene } from './stage';

const NAMES = ['db1', 'db2', 'db3', 'db4'] as const;
const epoch = { epoch: 1, primaryUuid: primary('db1').serverUuid, run: 'r' };
const sound = { ...executed(`${P}:1-100`), detail: soundDetail(), epoch };
const idle = { ...primary('db4').semiSync, sourceActive: false, sourceEnabled: false };
const db4 = (set: string) =>
  primary('db4', { ...sound, ...executed(set), readOnly: true, superReadOnly: true, semiSync: idle });

const control = { kind: 'systemd', unit: 'mysql', sudo: true } as const;
const cluster = automatic({
  ...{ durability: 'async', tls: { mode: 'verify', ca: '/ca.pem' } },
  instances: NAMES.map((name) => instance(name, { control })),
  backups: {
    ...{ store: { kind: 'folder', path: '/b' }, compression: { level: 3, threads: 1 }, parallel: 2 },
    retention: { atLeast: 1, days: 1, weeks: 0, months: 0, promisedDays: 0 },
    physical: { tool: 'xtrabackup', command: ['xtrabackup'], folder: '/var/tmp/x' },
  },
});

const copyFacts = (name: string): CopyFacts => ({
  ...{ name, bytes: 4e9, plugins: ['clone'], schemas: name === 'db4' ? [] : ['shop'], nonInnodb: [], grants: [] },
  variables: { version: '9.7.4', max_allowed_packet: '67108864', datadir: '/var/lib/mysql/' },
  ...{ freeBytes: 9e9, folder: { path: '/var/lib/mysql', isMount: false }, xtrabackup: { madeFor: '9.7.4' } },
});

const copied = { gtids: `${P}:1-90`, bytes: 4e9, seconds: 60, notes: [] };

/** db4 has nothing yet; db2 and db3 may give. Whatever `acts` does not say goes well. */
export function fillable(acts: Partial<Activities> = {}, survey: Partial<ProvisionSurvey> = {}): Partial<Scene> {
  const named = (name: string): Cluster => ({ ...cluster, name });
  const members = (set: string) =>
    snapshotOf(primary('db1', sound), replica('db2', 'db1', sound), replica('db3', 'db1', sound), db4(set));
  return {
    cluster,
    acts: {
      previewCluster: ({ cluster: name }) =>
        Promise.resolve({
          ...{ cluster: named(name), snapshot: members(`${P}:1-90`) },
          ...{ routers: [], settings: {}, cannotHold: [] },
        } satisfies Preview),
      surveyProvision: ({ cluster: name }) =>
        Promise.resolve({
          ...{ cluster: named(name), snapshot: members(''), routers: [] },
          ...{ copies: NAMES.map(copyFacts), tools: ['mysqldump', 'mysql', 'zstd'] as const },
          ...survey,
        }),
      openRecipient: () => Promise.resolve({ since: '2026-11-22 00:00:00.000' }),
      cloneFrom: () => Promise.resolve(copied),
      dumpInto: () => Promise.resolve(copied),
      fillWithFiles: () => Promise.resolve(copied),
      fillFromBackup: () => Promise.resolve(copied),
      settleCopy: () => Promise.resolve({ gtids: `${P}:1-90`, channelsForgotten: 1 }),
      shareReads: () => Promise.resolve({ routers: [], because: 'no router has weights' }),
      compareSample: () => Promise.resolve({ tables: 2, rows: 7, gtids: `${P}:1-100` }),
      ...acts,
    },
  };
}
