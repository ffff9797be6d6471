import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notifyId } from '../../workflows/messages';
import { SlackStandIn } from '../support/slack/stand-in';
import { eventually } from '../support/wait';
import { incident } from './incident';

test('Slack accepts and never answers while the primary dies: the failover does not notice, and the channel has it all afterwards', async () => {
  const slack = new SlackStandIn();
  await slack.start();
  slack.mood = 'hang';
  try {
    await incident({}, async ({ faults, report, load, settle, lab, client }) => {
      const token = join(lab.state.folder, 'slack-token');
      writeFileSync(token, slack.token, { mode: 0o600 });
      // The worker reads the inventory again when it has changed.
      appendFileSync(
        lab.state.inventoryPath,
        `slack: { token: { file: ${token} }, channel: C0RUNBOOKS, apiUrl: "${slack.url}" }\n`,
      );
      await eventually('a hundred rows are acknowledged', () => load.acknowledged.length > 100);
      await faults.kill('db1');
      const told = await report();
      expect(told.outcome).toBe('done');
      await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
      // Far below a single call to Slack, which gives up after ten seconds.
      expect(told.rto?.totalMs).toBeLessThan(5_000);
      await settle();

      await eventually('Slack was called', () => slack.calls.length > 0);
      expect(slack.messages).toEqual([]);
      slack.mood = 'well';
      const news = client.workflow.getHandle(notifyId(`cluster/${lab.cluster}/change`, told.run));
      await eventually('everybody is told', async () => (await news.describe()).status.name !== 'RUNNING', 60_000);
      expect(slack.roots.map(({ text }) => text)).toEqual([
        `:white_check_mark: *emergencyFailover of ${lab.cluster}: done*`,
      ]);
      expect(slack.refusals).toEqual([]);
    });
  } finally {
    await slack.stop();
  }
});
