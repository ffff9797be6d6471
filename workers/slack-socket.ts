import { LogLevel, SocketModeClient } from '@slack/socket-mode';
import { type SlackDeps, takeInteraction } from './slack';

export interface SlackSocket {
  close(): Promise<void>;
}

/**
 * Button presses by Socket Mode: this process calls Slack, and nothing needs to come in. Opened where the inventory has slack.appToken;
 * each worker has a connection of its own (Slack allows ten for an app), and Slack gives each press to one of them. It connects again by
 * itself; whether it is connected or not holds nothing up.
 */
export async function openSlackSocket(deps: SlackDeps): Promise<SlackSocket | null> {
  const { slack } = await deps.inventory();
  if (!slack?.appToken) return null;
  const client = new SocketModeClient({
    appToken: await deps.secret(slack.appToken),
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: slack.apiUrl.endsWith('/') ? slack.apiUrl : `${slack.apiUrl}/` },
  });
  client.on('interactive', ({ ack, body }: { ack: () => Promise<void>; body: unknown }) => {
    // At once: the vote may take longer than Slack waits, and a repeated press is answered politely.
    void ack()
      .then(() => takeInteraction(deps, body))
      .catch(deps.onFailure);
  });
  void client.start().catch(deps.onFailure);
  return { close: () => client.disconnect() };
}
