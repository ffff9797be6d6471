import { type Inventory } from '../inventory/inventory';
import { type Notification } from '../inventory/notification-schema';
import { type Deps } from '../deps';
import { type Channel } from './delivery';
import { email } from './email';
import { pagerDuty } from './pagerduty';
import { program } from './program';
import { slackThread } from './slack/thread';
import { webhook } from './webhook';

export const SLACK = 'slack';

/** Who is told of runs of this cluster, by name: `slack`, `webhook-1`, `email-2` … by position in the inventory. */
export const channelNames = (
  { notifications, slack }: Pick<Inventory, 'notifications' | 'slack'>,
  cluster: string,
): string[] => [
  ...(slack ? [SLACK] : []),
  ...notifications.flatMap((one, index) =>
    one.clusters === undefined || one.clusters.includes(cluster) ? [nameOf(one, index)] : [],
  ),
];

const nameOf = ({ kind }: Notification, index: number): string => `${kind}-${index + 1}`;

/** null: the inventory no longer has it. Throws SECRET_UNAVAILABLE. */
export async function openChannel(
  { secret, inventory, warn }: Pick<Deps, 'secret' | 'inventory'> & { readonly warn: (sentence: string) => void },
  name: string,
  link: string | null,
): Promise<Channel | null> {
  const { slack, notifications, people } = await inventory();
  if (name === SLACK)
    return slack ? slackThread({ settings: slack, token: await secret(slack.token), people, link, warn }) : null;
  const settings = notifications.find((one, index) => nameOf(one, index) === name);
  switch (settings?.kind) {
    case undefined:
      return null;
    case 'command':
      return program(settings.command, settings.tell, link);
    case 'webhook':
      return webhook({
        url: await secret(settings.url),
        secret: settings.secret ? await secret(settings.secret) : null,
        kinds: settings.tell,
        link,
      });
    case 'pagerduty':
      return pagerDuty({
        url: settings.url,
        routingKey: await secret(settings.routingKey),
        kinds: settings.tell,
        link,
      });
    case 'email': {
      const { account, server, from, to, tell } = settings;
      return email({
        server,
        from,
        to,
        kinds: tell,
        link,
        account: account ? { user: account.user, password: await secret(account.password) } : null,
      });
    }
  }
}
