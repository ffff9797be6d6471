import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
  type Logger,
  LogLevel,
} from '@slack/web-api';
import { type SlackSettings } from '../../inventory/notification-schema';
import { NotDelivered, SEND_WITHIN_MS } from '../delivery';
import { reasonOf } from '../post';

/** Slack's library logs addresses and arguments; what matters reaches the caller as an error. */
const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};

/**
 * One try per call: the library's own retries would post a second time when only the answer was lost, and would wait out a rate limit
 * inside the call. Both are decided by the thread, which looks before it posts again.
 */
export const slackClient = ({ apiUrl }: Pick<SlackSettings, 'apiUrl'>, token: string): WebClient =>
  new WebClient(token, {
    slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: SEND_WITHIN_MS,
    logger: silent,
  });

/** Slack says of these that part of the call may have been done. */
const MAYBE_DONE = new Set(['fatal_error', 'internal_error', 'request_timeout', 'service_unavailable']);

const CURES: Readonly<Record<string, string>> = {
  not_in_channel: 'invite the app to the channel',
  channel_not_found: 'compare slack.channel with the id in "About" of the channel, and invite the app',
  invalid_auth: 'compare slack.token with the app',
  not_authed: 'compare slack.token with the app',
  token_revoked: 'install the app again and renew slack.token',
  missing_scope: 'give the app the scopes of docs/notifications.md and install it again',
};

/** Runs one call; throws NotDelivered with a sentence and never with the token. */
export async function calling<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WebAPIRateLimitedError)
      throw new NotDelivered(`Slack asks to wait ${error.retryAfter} s (${what})`, {
        againInSeconds: error.retryAfter,
      });
    if (error instanceof WebAPIPlatformError) {
      const code = error.data.error;
      const cure = CURES[code];
      throw new NotDelivered(`Slack refused ${what}: ${code}${cure === undefined ? '' : `; ${cure}`}`, {
        unsure: MAYBE_DONE.has(code),
      });
    }
    if (error instanceof WebAPIHTTPError)
      throw new NotDelivered(`Slack answered ${error.statusCode} (${what})`, { unsure: true });
    if (error instanceof WebAPIRequestError)
      throw new NotDelivered(`Slack cannot be reached (${what}: ${reasonOf(error.original)})`, { unsure: true });
    throw error;
  }
}

export const refusedWith = (error: unknown, code: string): boolean =>
  error instanceof NotDelivered && error.message.includes(`: ${code}`);
