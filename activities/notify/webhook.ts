import { createHmac } from 'node:crypto';
import { type NewsKind } from '../../workflows/decisions/story';
import { type Channel, oneByOne } from './delivery';
import { toPublic } from './event';
import { postJson } from './post';

export interface WebhookSettings {
  readonly url: string;
  readonly secret: string | null;
  readonly kinds: readonly NewsKind[];
  readonly link: string | null;
}

/**
 * `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`. A receiver compares it, and refuses what is older than a few minutes: the body's id
 * tells it what it has had before.
 */
export const signatureOf = (secret: string, body: string, seconds: number): string =>
  `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;

/** Every event arrives at least once; a lost answer repeats it under the same id. */
export const webhook = ({ url, secret, kinds, link }: WebhookSettings): Channel =>
  oneByOne(kinds, async (event, story) => {
    const sent = toPublic(event, story, link);
    const body = JSON.stringify(sent);
    await postJson('the webhook', url, body, {
      'x-runbook-event-id': sent.id,
      ...(secret !== null && { 'x-runbook-signature': signatureOf(secret, body, Math.floor(Date.now() / 1000)) }),
    });
  });
