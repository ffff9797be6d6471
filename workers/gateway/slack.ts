import { type FastifyInstance } from 'fastify';
import { seenRecently } from '../../activities/notify/slack/signature';
import { slackInteractions } from '../slack';
import { type GatewayDeps } from './app';
import { perMinute } from './limit';
import { notAuthenticated, notFound } from './refusals';

/** `POST /slack/interactions`: buttons that were pressed, known by Slack's signature of the bytes; for `slack.signingSecret` only. */
export function serveSlack(app: FastifyInstance, deps: GatewayDeps): void {
  const { client, inventory, secrets, log, audit } = deps;
  const answer = slackInteractions(
    {
      client,
      inventory,
      secret: (reference) => secrets.resolve(reference),
      onFailure: (error) => log.warn({ error }, 'Slack was not told'),
      ...(audit && { audit }),
    },
    seenRecently(),
  );
  // Of its own, since every other route takes JSON only.
  void app.register((slack, _, done) => {
    slack.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, parsed) =>
      parsed(null, body),
    );
    slack.post('/slack/interactions', { config: perMinute(deps) }, async ({ headers, body }, reply) => {
      const { status, body: words } = await answer({
        rawBody: typeof body === 'string' ? body : '',
        timestamp: textOf(headers['x-slack-request-timestamp']),
        signature: textOf(headers['x-slack-signature']),
      });
      if (status === 401)
        throw notAuthenticated(words, 'Compare slack.signingSecret with that of the Slack app, and the clocks.');
      if (status === 404)
        throw notFound(words, 'Add it, or let buttons come in by Socket Mode: docs/notifications.md.');
      return reply.code(status).send(words);
    });
    done();
  });
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined;
