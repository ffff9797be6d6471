import { setTimeout as pause } from 'node:timers/promises';
import { type Client } from '@temporalio/client';
import { archiverDetails } from '../activities/archive/details';
import { findChanges } from '../activities/archive/find';
import { openShelf } from '../activities/archive/shelf';
import { takeLogical } from '../activities/backups/logical/take';
import { type Deps } from '../activities/deps';
import { findCluster, loadInventory } from '../activities/inventory/inventory';
import { resolveSecret } from '../activities/inventory/secrets';
import { openServers } from '../activities/mysql/servers';
import { backupId } from '../workflows/decisions/backups/manifest';
import { type RunbookReport } from '../workflows/decisions/report';
import { approveUpdate, archiveId, progressQuery, restoreId, TASK_QUEUE } from '../workflows/messages';
import { type Lab } from './index';
import { startLoad } from './load';
import { clientPrograms } from './worker';

export interface LostTable {
  readonly report: RunbookReport;
  /** Rows that the table had when it was dropped, and those of them that are there again. */
  readonly rows: number;
  readonly back: number;
  /** From the DROP to the moment when clients could read it again. */
  readonly backMs: number;
  /** Acknowledged writes of its neighbour, before, during and after, and those that are not there. */
  readonly acknowledged: number;
  readonly lost: number;
}

const [BEFORE_BACKUP, BEHIND_BACKUP] = [1_000, 500];
const WITHIN_MS = 120_000;

/** A table is dropped under load, found in the archive and brought back beside its neighbour, which goes on being written. */
export async function loseTable(lab: Lab, client: Client, say: (line: string) => void): Promise<LostTable> {
  Object.assign(process.env, clientPrograms(lab.state));
  const inventory = await loadInventory(lab.inventoryPath);
  const cluster = findCluster(inventory, lab.cluster);
  const secret: Deps['secret'] = (reference) => resolveSecret(reference, inventory.folder);
  const servers = openServers({ secrets: secret });
  const deps: Deps = {
    ...{ servers, secret, inventory: () => Promise.resolve(inventory) },
    ...{ checkpoint: () => undefined, heartbeat: () => undefined },
  };
  const load = startLoad(lab, { perSecond: 200 });
  try {
    await lab.rows('db1', 'CREATE TABLE shop.items (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40))');
    await addItems(lab, BEFORE_BACKUP);
    await client.workflow.start('archiveBinlogs', {
      ...{ workflowId: archiveId(lab.cluster), taskQueue: TASK_QUEUE, args: [{ cluster: lab.cluster }] },
    });
    const archiver = await until('the archive copies', async () => {
      const details = await archiverDetails(client, lab.cluster);
      return details?.newestAt == null ? null : details;
    });
    say(`Binary logs are archived from ${archiver.source ?? 'a replica'}, a file every two seconds.`);

    const startedAt = new Date().toISOString();
    const taken = await takeLogical(deps, {
      ...{ cluster, source: 'db2', isPrimary: false, startedAt },
      id: backupId(startedAt, '00000000-0000-0000-0000-0000lost'),
    });
    say(`Backup of db2: ${taken.tables} tables, ${taken.rows} rows.`);
    await addItems(lab, BEHIND_BACKUP);
    const rows = Number(await lab.value('db1', 'SELECT COUNT(*) FROM shop.items'));

    const droppedAt = performance.now();
    await lab.rows('db1', 'DROP TABLE shop.items');
    say(`DROP TABLE shop.items: ${rows} rows are gone, ${rows - BEFORE_BACKUP} of them younger than the backup.`);
    const shelf = await openShelf(deps, cluster);
    const drop = await until('the archive has the DROP', async () => {
      const wanted = { schema: 'shop', table: 'items', kinds: ['drop' as const], fromMs: 0, toMs: Infinity };
      for await (const change of findChanges(shelf, (await shelf.coverage()).files, wanted)) return change;
      return null;
    });
    say(`Found in the archive: ${drop.at}  ${drop.kind} ${drop.schema}.${drop.table ?? ''}  ${drop.gtid}`);

    const run = await client.workflow.start('restoreToPoint', {
      workflowId: restoreId(lab.cluster),
      taskQueue: TASK_QUEUE,
      args: [{ cluster: lab.cluster, before: drop.gtid, tables: ['shop.items'], into: 'cluster', requestedBy: 'demo' }],
    });
    const question = await until('it asks', async () => (await run.query(progressQuery)).question);
    say(`Asked: ${question.text}`);
    await run.executeUpdate(approveUpdate, { args: [{ by: 'demo@example.com', plan: question.planHash }] });
    const report = (await run.result()) as RunbookReport;
    const backMs = performance.now() - droppedAt;
    const back = report.outcome === 'done' ? Number(await lab.value('db1', 'SELECT COUNT(*) FROM shop.items')) : 0;
    await load.nextAcknowledgement();
    const seen = await load.stop();
    const lost = await seen.lostOn('db1');
    return { report, rows, back, backMs, acknowledged: seen.acknowledged.length, lost: lost.length };
  } finally {
    await load.stop();
    const stopped = client.workflow.getHandle(archiveId(lab.cluster)).cancel();
    await stopped.then(
      () => undefined,
      () => undefined,
    );
    await servers.close();
  }
}

async function addItems(lab: Lab, rows: number): Promise<void> {
  for (let at = 0; at < rows; at += 100) {
    const values = Array.from({ length: 100 }, (_, i) => `('item ${at + i}')`).join(', ');
    await lab.rows('db1', `INSERT INTO shop.items (name) VALUES ${values}`);
  }
}

async function until<Seen>(what: string, look: () => Promise<Seen | null>): Promise<Seen> {
  for (const end = performance.now() + WITHIN_MS; performance.now() < end;) {
    const seen = await look();
    if (seen !== null) return seen;
    await pause(200);
  }
  throw new Error(`not within ${WITHIN_MS / 1000} s: ${what}`);
}
