import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { openShelf, type Shelf } from '../../activities/archive/shelf';
import { findChanges } from '../../activities/archive/find';
import { type Change } from '../../activities/archive/binlog/changes';
import { findCluster, loadInventory } from '../../activities/inventory/inventory';
import { resolveSecret } from '../../activities/inventory/secrets';
import { type Lab } from '../../lab';
import { countText, subtractText } from '../../workflows/decisions/gtid-set';
import { type RunbookReport } from '../../workflows/decisions/report';
import { archiveId, approveUpdate, progressQuery, restoreId, TASK_QUEUE } from '../../workflows/messages';
import { eventually } from '../support/wait';

/** A cluster whose binary logs are archived by the lab's worker, and what a person does with its past. */
export interface Past {
  readonly client: Client;
  readonly shelf: Shelf;
  /** Until the store holds all that db1 has committed. */
  readonly archived: () => Promise<void>;
  readonly backUp: () => Promise<string>;
  /** The newest change of a table of that kind. */
  readonly change: (table: string, kind: Change['kind']) => Promise<Change>;
  readonly begin: (input: object) => Promise<WorkflowHandle>;
  /** Begins, agrees to whatever is asked, and gives the report; `asked` gets the questions. */
  readonly restore: (input: object, asked?: string[]) => Promise<RunbookReport>;
  /** The same for a run that has begun, whatever becomes of its workers. */
  readonly agreeing: (run: WorkflowHandle, asked?: string[]) => Promise<RunbookReport>;
  readonly stopArchive: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openPast(lab: Lab): Promise<Past> {
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  const client = new Client({ connection });
  const inventory = await loadInventory(lab.inventoryPath);
  const cluster = findCluster(inventory, lab.cluster);
  const shelf = await openShelf({ secret: (reference) => resolveSecret(reference, inventory.folder) }, cluster);
  await client.workflow.start('archiveBinlogs', {
    workflowId: archiveId(lab.cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster: lab.cluster }],
  });
  const begin = (input: object): Promise<WorkflowHandle> =>
    client.workflow.start('restoreToPoint', {
      workflowId: restoreId(lab.cluster),
      taskQueue: TASK_QUEUE,
      args: [{ cluster: lab.cluster, requestedBy: 'tester@example.com', ...input }],
    });
  return {
    client,
    shelf,
    begin,
    async archived() {
      const all = String(await lab.value('db1', 'SELECT @@global.gtid_executed'));
      await eventually(
        'the store has all of db1',
        async () => {
          const { files } = await shelf.coverage();
          return countText(subtractText(all, files.map(({ gtids }) => gtids).join(','))) === 0;
        },
        60_000,
      );
    },
    async backUp() {
      const report = (await client.workflow.execute('backUp', {
        workflowId: `test/backup/${Date.now()}`,
        taskQueue: TASK_QUEUE,
        args: [{ cluster: lab.cluster }],
      })) as RunbookReport;
      expect([report.outcome, report.headline]).toEqual(['done', report.headline]);
      return report.headline.split(' ')[0] ?? '';
    },
    async change(table, kind) {
      const [schema = '', name = ''] = table.split('.');
      const wanted = { schema, table: name, kinds: [kind], fromMs: 0, toMs: Infinity };
      const found: Change[] = [];
      for await (const one of findChanges(shelf, (await shelf.coverage()).files, wanted)) found.push(one);
      const last = found.at(-1);
      if (!last) throw new Error(`no ${kind} of ${table} in the archive`);
      return last;
    },
    agreeing,
    restore: async (input, asked) => agreeing(await begin(input), asked),
    async stopArchive() {
      const archive = client.workflow.getHandle(archiveId(lab.cluster));
      await archive.cancel();
      await archive.result().catch(() => undefined);
    },
    close: () => connection.close(),
  };
}

async function agreeing(run: WorkflowHandle, asked: string[] = []): Promise<RunbookReport> {
  const state = { over: false };
  const ended = (run.result() as Promise<RunbookReport>).finally(() => (state.over = true));
  let answered = '';
  while (!state.over) {
    const question = await run.query(progressQuery).then(
      (seen) => seen.question,
      () => null,
    );
    if (question && question.id !== answered) {
      const vote = { by: 'ada@example.com', plan: question.planHash };
      const given = await run.executeUpdate(approveUpdate, { args: [vote] }).catch(() => null);
      if (given === null) continue;
      answered = question.id;
      asked.push([question.text, ...question.because].join('\n'));
    }
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  return ended;
}
