import { type RunbookReport } from './decisions/report';
import { archiveAlarmOrder, parseInput } from './inputs';
import { openRunbook } from './steps/runbook';

const trouble = { kind: 'gap', id: 'gap', sentence: 'the archive has a gap', cure: 'Take a backup now.' };
const form = { workflow: 'archiveAlarm', example: { cluster: 'orders', trouble } };

/** What keeps an archive from its promise, as a run that has ended: channels tell of it and a person sees it in every list. Started by archiveBinlogs. */
export function archiveAlarm(input?: unknown): Promise<RunbookReport> {
  const { cluster, trouble: found, over } = parseInput(archiveAlarmOrder, input, form);
  const book = openRunbook('archiveBinlogs', {
    cluster,
    reason: '',
    requestedBy: 'archiveBinlogs',
    trigger: 'watcher',
  });
  if (over) return Promise.resolve(book.close('done', `Over: ${found.sentence}`));
  book.found.left.push(found.cure);
  return Promise.resolve(book.close('failed', `Alarm: ${found.sentence}`));
}
