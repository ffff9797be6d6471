import { createHmac, timingSafeEqual } from 'node:crypto';

/** Older requests, and such from the future, are refused. Source: docs.slack.dev, "Verifying requests from Slack". */
const FRESH_SECONDS = 300;

export interface SignedRequest {
  /** X-Slack-Request-Timestamp. */
  readonly timestamp: string | undefined;
  /** X-Slack-Signature. */
  readonly signature: string | undefined;
  /** As it came, before any parsing. */
  readonly rawBody: string;
}

export type Verdict = 'good' | 'unsigned' | 'old' | 'wrong' | 'replayed';

/**
 * Is this request Slack's own, fresh, and seen for the first time? Pure but for `seen`. A request that is not good is answered 401 and
 * nothing is done; its repetition would be harmless (a vote counts once), and is refused all the same.
 */
export function verifySlackRequest(
  { timestamp, signature, rawBody }: SignedRequest,
  { secret, nowMs, seen }: { readonly secret: string; readonly nowMs: number; readonly seen: Seen },
): Verdict {
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return 'unsigned';
  if (Math.abs(nowMs / 1000 - Number(timestamp)) > FRESH_SECONDS) return 'old';
  const expected = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${rawBody}`).digest('hex')}`;
  if (!equal(signature, expected)) return 'wrong';
  return seen.before(expected, nowMs) ? 'replayed' : 'good';
}

/** In constant time, also where the lengths differ. */
function equal(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => createHmac('sha256', 'length').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

/** Signatures of the last minutes: older ones are refused by their time. */
export interface Seen {
  /** Notes it; true when it was there already. */
  before(signature: string, nowMs: number): boolean;
}

export function seenRecently(): Seen {
  const until = new Map<string, number>();
  return {
    before(signature, nowMs) {
      for (const [old, end] of until) if (end < nowMs) until.delete(old);
      if (until.has(signature)) return true;
      until.set(signature, nowMs + 2 * FRESH_SECONDS * 1000);
      return false;
    },
  };
}
