import { type Taken } from '../../activities/backups/take';
import { type Proved } from '../../activities/backups/prove/prove';
import { type Cluster } from '../../workflows/decisions/cluster';
import { instance } from '../decisions/members';
import { movable } from './moving';
import { type Scene } from './stage';

const control = { kind: 'systemd', unit: 'mysql', sudo: true } as const;
const policy: Partial<Cluster> = {
  instances: ['db1', 'db2', 'db3'].map((name) => instance(name, { control })),
  backups: {
    ...{ store: { kind: 'folder', path: '/backups' }, compression: { level: 3, threads: 1 }, parallel: 2 },
    retention: { atLeast: 1, days: 1, weeks: 0, months: 0, promisedDays: 0 },
    physical: { tool: 'clone', folder: '/clones' },
  },
};

const taken: Taken = {
  ...{ id: 'b', gtidExecuted: 'u:1-9', tables: 3, rows: 42, bytes: 1_000, stillMs: 120, notes: [], parts: [] },
};

const proved: Proved = {
  ...{ version: 1, backup: 'b', run: 'r', at: '2026-11-21T00:00:00Z', verdict: 'proven', because: 'b is a backup' },
  ...{ restoreMs: 1_500, bytes: 1_000, rows: 42, parts: [] },
  checks: [{ name: 'restored', verdict: 'passed', detail: '42 rows', ms: 1_500 }],
};

/** A fleet that can be backed up; whatever `acts` does not say goes well. */
export function backedUp(acts: Scene['acts'] = {}): Partial<Scene> {
  const scene = movable(undefined, undefined, policy);
  return {
    ...scene,
    acts: {
      ...scene.acts,
      takeLogical: () => Promise.resolve(taken),
      takePhysical: () => Promise.resolve(taken),
      retainBackups: () => Promise.resolve({ keep: [], remove: [], swept: [] }),
      proveBackup: () => Promise.resolve(proved),
      letGoOn: () => Promise.resolve('ran'),
      ...acts,
    },
  };
}

export const isNone: Proved = {
  ...{ ...proved, verdict: 'failed', because: 'b is not a backup: equal sums: shop.orders differs' },
  checks: [...proved.checks, { name: 'equal sums', verdict: 'failed', detail: 'shop.orders differs', ms: 3 }],
};
