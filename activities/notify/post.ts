import { NotDelivered, SEND_WITHIN_MS } from './delivery';

/** Answers are only shown in part. */
const MOST_ANSWER = 200;

/**
 * POST JSON. 2xx is success. Throws NotDelivered, with the receiver's Retry-After where it gave one; its words never hold the address,
 * which may be a secret. Redirects are not followed: a signed body goes where the inventory says and nowhere else.
 */
export async function postJson(
  who: string,
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'user-agent': 'mysql-runbooks', ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(SEND_WITHIN_MS),
    });
  } catch (error) {
    throw new NotDelivered(`${who} cannot be reached (${reasonOf(error)})`, { unsure: true });
  }
  if (response.ok) {
    await response.body?.cancel().catch(() => undefined);
    return;
  }
  const said = (await response.text().catch(() => '')).replaceAll(/\s+/g, ' ').slice(0, MOST_ANSWER);
  throw new NotDelivered(`${who} answered ${response.status}${said === '' ? '' : `: ${said}`}`, {
    againInSeconds: retryAfter(response.headers.get('retry-after')),
    unsure: response.status >= 500,
  });
}

/** Seconds, or a date. null for neither. */
export function retryAfter(header: string | null, now = Date.now()): number | null {
  if (header === null || header.trim() === '') return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : Math.ceil((Date.parse(header) - now) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 3_600) : null;
}

/** ECONNREFUSED and its like; the words of fetch name the address. */
export function reasonOf(error: unknown): string {
  const { name, code, cause } = (error ?? {}) as Partial<Record<'name' | 'code', unknown>> & {
    readonly cause?: unknown;
  };
  if (name === 'TimeoutError') return `no answer within ${SEND_WITHIN_MS / 1000} s`;
  if (typeof code === 'string') return code;
  if (cause !== undefined && cause !== null) return reasonOf(cause);
  return typeof name === 'string' ? name : 'unknown';
}
