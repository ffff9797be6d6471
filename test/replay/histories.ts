import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { temporal } from '@temporalio/proto';
import { Stage } from '../workflows/stage';
import { stories } from './stories';

const FOLDER = join(__dirname, 'histories');
const { History } = temporal.api.history.v1;
const ENDING = '.binpb.gz';

/**
 * Kept histories, by story, as the protocol's own messages: reading them as JSON needs one copy of protobufjs in the whole tree
 * (the SDK compares its types by identity), which an installation does not always have.
 */
export const keptHistories = (): { story: string; workflowId: string; history: temporal.api.history.v1.IHistory }[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING))
    .sort()
    .map((file) => {
      const history = History.decode(gunzipSync(readFileSync(join(FOLDER, file))));
      // The id is part of the story: it is the cluster's lock.
      const workflowId = history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? '';
      return { story: file.replace(ENDING, ''), workflowId, history };
    });

/** Play every story anew, or those that have no history yet, and keep it. */
export async function record(which: 'all' | 'missing'): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const stage = new Stage();
  await stage.open();
  try {
    const kept = which === 'all' ? [] : keptHistories().map(({ story }) => story);
    for (const [name, play] of Object.entries(stories).filter(([story]) => !kept.includes(story))) {
      const history = await (await play(stage)).fetchHistory();
      writeFileSync(join(FOLDER, `${name}${ENDING}`), gzipSync(History.encode(history).finish(), { level: 9 }));
    }
  } finally {
    await stage.close();
  }
}
