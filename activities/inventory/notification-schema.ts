import { z } from 'zod';
import { NEWS } from '../../workflows/decisions/story';
import { account, host, name, port, secret } from './fields';
import { command, oneOf, says, strict, text } from './words';

const kinds = says(`a list of ${NEWS.join(', ')}`, 'for example tell: [question, ended]');
const tell = (...usual: (typeof NEWS)[number][]) =>
  z
    .array(oneOf(NEWS), kinds)
    .min(1, kinds)
    .default(usual)
    .describe(`What is told: ${NEWS.join(', ')}. Default: ${usual.length === NEWS.length ? 'all' : usual.join(', ')}.`);

const clusterNames = says('a list of cluster names', 'leave the line out to be told of all clusters');
const clusters = z
  .array(name('a cluster name', 'orders'), clusterNames)
  .min(1, clusterNames)
  .exactOptional()
  .describe('Only runs of these clusters. Default: all.');

const webAddress = (example: string) => {
  const words = says('a web address', `write it as in ${example}`);
  return z.string(words).refine((written) => /^https?:\/\/[^\s/]+\S*$/.test(written), words);
};

const email = text('an e-mail address', 'for example dba@example.com').regex(
  /^[^\s<>@]+@[^\s<>@]+$/,
  says('an e-mail address', 'for example dba@example.com'),
);
const receivers = says('a list of e-mail addresses', 'for example to: [dba@example.com]');

export const notification = z.discriminatedUnion(
  'kind',
  [
    strict(
      {
        kind: z.literal('command').describe('A program on the worker.'),
        command: command('[/usr/local/bin/page-dba, --from, runbooks]').describe(
          'Gets the event as JSON on its input; exit code 0 within 30 s means that it arrived.',
        ),
        tell: tell(...NEWS),
        clusters,
      },
      'a notification',
      '{ kind: command, command: [/usr/local/bin/page-dba] }',
    ),
    strict(
      {
        kind: z.literal('webhook').describe('An HTTP POST of JSON.'),
        url: secret('a web address').describe('Where the address is found; it often holds a token.'),
        secret: secret('a signing secret')
          .exactOptional()
          .describe('Signs every request (HMAC-SHA256), so that the receiver knows who sent it. No default.'),
        tell: tell(...NEWS),
        clusters,
      },
      'a notification',
      '{ kind: webhook, url: { env: DBA_WEBHOOK_URL } }',
    ),
    strict(
      {
        kind: z.literal('email').describe('E-mail by SMTP.'),
        server: strict(
          {
            host: host.describe('Mail server.'),
            port: port.default(587).describe('Default 587.'),
            tls: oneOf(['starttls', 'tls', 'off'])
              .default('starttls')
              .describe('starttls: refuses to go on without; tls: from the first byte (port 465); off: plain.'),
          },
          'a mail server with host and port',
          'for example { host: smtp.example.com, port: 587 }',
        ).describe('Where mail is handed in.'),
        account: account('an account of the mail server').exactOptional().describe('Default: none.'),
        from: email.describe('Address of the sender.'),
        to: z.array(email, receivers).min(1, receivers).describe('Addresses of the receivers.'),
        tell: tell('started', 'question', 'ended'),
        clusters,
      },
      'a notification',
      '{ kind: email, server: { host: smtp.example.com }, from: runbooks@example.com, to: [dba@example.com] }',
    ),
    strict(
      {
        kind: z.literal('pagerduty').describe('PagerDuty, Events API v2.'),
        routingKey: secret('an integration key').describe('Where the integration key of the service is found.'),
        url: webAddress('https://events.pagerduty.com')
          .default('https://events.pagerduty.com')
          .describe('Default https://events.pagerduty.com; https://events.eu.pagerduty.com for the European region.'),
        tell: tell('question', 'answered', 'ended'),
        clusters,
      },
      'a notification',
      '{ kind: pagerduty, routingKey: { env: PAGERDUTY_ROUTING_KEY } }',
    ),
  ],
  says(
    'a notification of kind command, webhook, email or pagerduty',
    '{ kind: command, command: […] } or { kind: webhook, url: { env: DBA_WEBHOOK_URL } }; Slack has a section of its own: slack',
  ),
);

const channelWords = says(
  'the id of a Slack channel',
  'it begins with C or G, as in C012AB3CD; see "About" of the channel',
);
const channel = z.string(channelWords).regex(/^[CG][A-Z0-9]{2,}$/, channelWords);

const mentionWords = says(
  'a list of here, channel, user ids (U…) and group ids (S…)',
  'for example [here] or [S012AB3CD]; [] for nobody',
);
const mentioned = z.array(
  z.string(mentionWords).regex(/^(here|channel|[UWS][A-Z0-9]{2,})$/, mentionWords),
  mentionWords,
);

export const slack = strict(
  {
    token: secret('a bot token').describe('Where the bot token (xoxb-…) is found.'),
    channel: channel.describe('Channel of the runs; the app must be a member of it.'),
    channels: z
      .record(name('a cluster name', 'orders'), channel)
      .default({})
      .describe('Another channel for some clusters, by cluster. Default: none.'),
    mentions: strict(
      {
        started: mentioned.default([]).describe('When a run begins. Default: nobody.'),
        question: mentioned.default(['here']).describe('When a person is asked. Default: here.'),
        failed: mentioned.default(['here']).describe('When a run failed or refused. Default: here.'),
      },
      'mentions for started, question and failed',
      'for example { question: [here], failed: [S012AB3CD] }',
    )
      .prefault({})
      .describe('Who is called by name, and when.'),
    signingSecret: secret('a signing secret')
      .exactOptional()
      .describe('Where the signing secret of the app is found: for buttons that come in through the gateway.'),
    appToken: secret('an app-level token')
      .exactOptional()
      .describe('Where the app-level token (xapp-…) is found: for buttons by Socket Mode, where nothing may come in.'),
    apiUrl: webAddress('https://slack.com/api/')
      .default('https://slack.com/api/')
      .describe('Default https://slack.com/api/; another one for GovSlack.'),
  },
  'slack with token and channel',
  'for example { token: { env: SLACK_BOT_TOKEN }, channel: C012AB3CD }',
);

export type Notification = z.output<typeof notification>;
export type SlackSettings = z.output<typeof slack>;
