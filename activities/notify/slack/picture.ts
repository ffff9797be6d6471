import { type WebClient } from '@slack/web-api';
import { type RunbookReport } from '../../../workflows/decisions/report';
import { pngOf } from '../../reports/raster';
import { drawTimeline } from '../../reports/timeline-picture';
import { NotDelivered } from '../delivery';
import { calling } from './client';
import { cut } from './text';

/** The same for every picture of a run, and of no other run: a picture that is in the thread is known by it. */
export const pictureName = ({ cluster, run }: RunbookReport): string =>
  `timeline-${cluster.replaceAll(/[^\w.-]/g, '_').slice(0, 60)}-${run}.png`;

/**
 * The timeline as a file in the thread. Slack has no key for files either: whoever calls this does so once. Throws NotDelivered, and
 * whatever keeps it from being drawn. Source: docs.slack.dev, "Working with files", "files.completeUploadExternal".
 */
export async function postPicture(
  slack: WebClient,
  report: RunbookReport,
  { channel, thread }: { readonly channel: string; readonly thread: string },
): Promise<void> {
  const file = await pngOf(drawTimeline(report));
  const title = `${report.runbook} of ${report.cluster}: timeline`;
  await calling('the picture', () =>
    slack.filesUploadV2({
      channel_id: channel,
      thread_ts: thread,
      file,
      filename: pictureName(report),
      title: cut(title, 200),
      alt_text: cut(`${title}. ${report.outcome}: ${report.headline}`, 900),
    }),
  ).catch((error: unknown) => {
    // The library's own, of the bytes themselves; it names the file and nothing secret.
    throw error instanceof NotDelivered || !(error instanceof Error) ? error : new NotDelivered(error.message);
  });
}
