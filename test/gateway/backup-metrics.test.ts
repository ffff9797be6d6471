import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { parseInventory } from '../../activities/inventory/inventory';
import { backupMetrics } from '../../workers/gateway/backup-metrics';
import { inventoryOf } from './one-gateway';

const HOUR = 3_600_000;

test('the age of the last backup that a restore has proven is told, is endless where none is, and missing where no store answers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mrt-'));
  try {
    let now = Date.parse('2026-11-21T12:00:00Z');
    const written = (cluster: string) => `    backups: { store: { kind: folder, path: ${join(folder, cluster)} } }\n`;
    const names = ['orders', 'users', 'away'];
    const text = names.reduce(
      (inventory, name) => inventory.replace(`  ${name}:\n`, `  ${name}:\n${written(name)}`),
      inventoryOf(names),
    );
    const inventory = parseInventory(text, join(folder, 'fleet.yaml'));
    for (const name of ['orders', 'users']) mkdirSync(join(folder, name));
    const put = (id: string, hoursAgo: number, verdict?: 'proven' | 'failed') => {
      const at = join(folder, 'orders/orders/backups', id);
      mkdirSync(at, { recursive: true });
      const startedAt = new Date(now - hoursAgo * HOUR).toISOString();
      writeFileSync(join(at, 'manifest.json'), JSON.stringify({ version: 1, id, startedAt, files: [], tables: [] }));
      if (verdict)
        writeFileSync(
          join(at, 'verification.json'),
          JSON.stringify({ version: 1, backup: id, verdict, at: startedAt, restoreMs: 1500, checks: [] }),
        );
    };
    put('1', 30, 'proven');
    put('2', 20, 'failed');
    put('3', 10);
    const registry = new Registry();
    const look = backupMetrics(
      registry,
      () => Promise.resolve(inventory),
      () => Promise.resolve(''),
      () => now,
    );
    const values = async () => {
      await look();
      return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    };
    expect(await values()).toEqual([
      'runbook_backup_up{cluster="orders"} 1',
      'runbook_backup_up{cluster="users"} 1',
      'runbook_backup_up{cluster="away"} 0',
      `runbook_backup_newest_age_seconds{cluster="orders"} ${10 * 3600}`,
      'runbook_backup_newest_age_seconds{cluster="users"} +Inf',
      `runbook_backup_verified_age_seconds{cluster="orders"} ${30 * 3600}`,
      'runbook_backup_verified_age_seconds{cluster="users"} +Inf',
      'runbook_backup_restore_seconds{cluster="orders"} 1.5',
      'runbook_backup_verification_failed{cluster="orders"} 1',
      'runbook_backup_verification_failed{cluster="users"} 0',
    ]);
    // The store is not asked again within a minute, and the age goes on.
    rmSync(join(folder, 'orders'), { recursive: true });
    now += 30_000;
    expect(await values()).toContain(`runbook_backup_verified_age_seconds{cluster="orders"} ${30 * 3600 + 30}`);
    now += 31_000;
    expect(await values()).toContain('runbook_backup_up{cluster="orders"} 0');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
