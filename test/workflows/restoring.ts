import { type Activities } from '../../activities';
import { type RestoreFacts } from '../../workflows/decisions/archive/restore';
import { type BackupManifest } from '../../workflows/decisions/backups/manifest';
import { automatic, P } from '../decisions/facts';
import { type Scene } from './stage';

const NOON = '2026-11-21T12:00:00.000Z';
export const X = `${P}:21`;

const base = {
  ...{ version: 1, id: 'b1', cluster: 'orders', kind: 'logical', tool: 't', serverVersion: '9.7.4', source: 'db2' },
  ...{ sourceUuid: P, gtidExecuted: `${P}:1-10`, settings: {}, startedAt: NOON, endedAt: '2026-11-21T10:00:00.000Z' },
  ...{ tables: [{ schema: 'shop', name: 'items', engine: 'InnoDB', rows: 100 }], files: [], base: null },
  sealed: { compression: 'zstd', keyId: null },
} as BackupManifest;

const facts: RestoreFacts = {
  point: {
    ...{ target: `${P}:1-20`, without: '', because: `just before ${X}`, lastAt: NOON },
    next: { gtid: X, at: NOON },
  },
  ...{ backups: [{ manifest: base, verified: null }], archived: `${P}:1-30`, before: '', known: `${P}:1-30` },
  ...{ delayed: [], primary: 'db1' },
};

export const db4 = { name: 'db4', executed: `${P}:1-15`, received: `${P}:1-30`, delaySeconds: 3600, applies: true };

/** A table was dropped by X; `more`: what else is there. */
export function restorable(more: Partial<RestoreFacts> = {}, acts: Partial<Activities> = {}): Partial<Scene> {
  return {
    cluster: automatic(),
    acts: {
      surveyRestore: ({ cluster }) =>
        Promise.resolve({ ...facts, ...more, cluster: { ...automatic(), name: cluster } }),
      restoreTo: ({ from }) =>
        Promise.resolve({
          applied: 'backup' in from ? { transactions: 10, files: 1, bytes: 10, seconds: 1, passedOver: '' } : null,
          ...{ server: null, files: [] },
          replaced: [{ table: '`shop`.`items`', kept: null }],
        }),
      stopBefore: () => Promise.resolve({ executed: `${P}:1-20`, transactions: 5 }),
      waitAgain: () => Promise.resolve(),
      ...acts,
    },
  };
}
