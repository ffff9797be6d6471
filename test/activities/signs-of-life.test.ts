import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { activityContext, signsOfLife } from '../../workers/context';

/** Works until `beats` heartbeats were heard, or for as long as two of them would take. */
async function heard(activityType: string, beats: number, say?: unknown): Promise<unknown[]> {
  const environment = new MockActivityEnvironment({ activityType });
  const said: unknown[] = [];
  let enough: () => void = () => undefined;
  environment.on('heartbeat', (details: unknown) => {
    said.push(details);
    if (said.length >= beats) enough();
  });
  await environment.run(async () => {
    const { inbound } = signsOfLife(Context.current());
    await inbound?.execute?.({ args: [], headers: {} }, () => {
      if (say !== undefined) activityContext.heartbeat(say);
      return new Promise((resolve) => {
        enough = () => resolve(undefined);
        setTimeout(enough, 1_200);
      });
    });
  });
  return said;
}

test('a step that waits for something slow says that its worker lives, with the progress it last told', async () => {
  expect(await heard('openPrimary', 3, { left: 7 })).toEqual([{ left: 7 }, { left: 7 }, { left: 7 }]);
});

test('nobody beats in the observer’s place: one whose loop stands still is noticed', async () => {
  expect(await heard('observePrimary', 3, { state: 'db1 is well' })).toEqual([{ state: 'db1 is well' }]);
});
