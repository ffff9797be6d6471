import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { type IncomingHttpHeaders } from 'node:http';
import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { RunbookError } from '../../activities/errors';
import { type Source } from '../../activities/inventory/gateway';
import { type SecretReference } from '../../workflows/decisions/cluster';
import { notAuthenticated, type Refusal, unavailable } from './refusals';

/** How far a sender's clock may be from ours, in seconds. */
const CLOCK_SECONDS = 300;
const SHORTEST_SECRET = 16;
/** Between two readings of secrets because a token did not fit: a stranger must not make us run a password store's program. */
const REREAD_MS = 5_000;

export interface Secrets {
  /** Throws SECRET_UNAVAILABLE. */
  resolve(reference: SecretReference): Promise<string>;
  /** After a rotation the kept value is old. */
  forget(): void;
}

/** The value of one of the gateway's secrets. Throws SECRET_UNAVAILABLE, also for one that is short enough to be guessed. */
export async function secretOf(secrets: Secrets, reference: SecretReference): Promise<string> {
  const value = await secrets.resolve(reference);
  if (value.length >= SHORTEST_SECRET) return value;
  throw new RunbookError({
    code: 'SECRET_UNAVAILABLE',
    message: `a secret of the gateway (${JSON.stringify(reference)}) has fewer than ${SHORTEST_SECRET} characters`,
    hint: 'Make a longer one, for example with: openssl rand -hex 32.',
  });
}

/** Says whether what was sent fits one secret. A secret that was just rotated is read again before it is refused. */
export function openChecks(secrets: Secrets) {
  let rereadAt = -REREAD_MS;
  return async (reference: SecretReference, fits: (secret: string) => boolean): Promise<boolean> => {
    if (fits(await valueOf(secrets, reference))) return true;
    if (performance.now() - rereadAt < REREAD_MS) return false;
    rereadAt = performance.now();
    secrets.forget();
    return fits(await valueOf(secrets, reference));
  };
}
export type Check = ReturnType<typeof openChecks>;

async function valueOf(secrets: Secrets, reference: SecretReference): Promise<string> {
  try {
    return await secretOf(secrets, reference);
  } catch (error) {
    const refusal = unavailable('it cannot be checked now who you are', 'Try again; the log of the gateway says why.');
    refusal.cause = error;
    throw refusal;
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** In a time that does not depend on where they differ, nor on their lengths. */
export const same = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

export const bearerOf = (headers: IncomingHttpHeaders): string =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';

export const stranger = (): Refusal =>
  notAuthenticated(
    'this address does not know you',
    "Send the source's token, signature or client certificate, as docs/gateway.md shows.",
  );

/** What can be checked before a body is read: a token or a client certificate. Throws 401. */
export async function authenticateSender(
  source: Source | undefined,
  headers: IncomingHttpHeaders,
  socket: Socket,
  check: Check,
): Promise<Source> {
  if (!source) throw stranger();
  const { auth } = source;
  if (auth.kind === 'mtls' && !subjectsOf(socket).some((name) => auth.subjects.includes(name))) throw stranger();
  if (auth.kind === 'bearer' && !(await check(auth.token, (token) => same(token, bearerOf(headers))))) throw stranger();
  return source;
}

/** Names of a client certificate that our authority has signed; none otherwise. */
function subjectsOf(socket: Socket): string[] {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return [];
  const { subject, subjectaltname = '' } = socket.getPeerCertificate();
  const names = subjectaltname.split(', ').flatMap((entry) => (entry.startsWith('DNS:') ? [entry.slice(4)] : []));
  return [...(typeof subject.CN === 'string' ? [subject.CN] : []), ...names];
}

interface Signed {
  readonly signatures: readonly string[];
  /** What was signed. */
  readonly text: Buffer;
}

const header = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
};

/**
 * Each sender signs in its own way, SHA-256 in hexadecimal.
 * PagerDuty: X-PagerDuty-Signature, `v1=…` of the body, several while a secret is rotated. Grafana (12 and later):
 * X-Grafana-Alerting-Signature of `TIMESTAMP:BODY`. Generic: X-Runbooks-Signature, `v1=…` of `TIMESTAMP.BODY`.
 * Source: PagerDuty "Verifying Signatures", Grafana "Configure webhook notifications".
 */
const SIGNED: Readonly<
  Record<Exclude<Source['kind'], 'alertmanager'>, (h: IncomingHttpHeaders, body: Buffer, nowMs: number) => Signed>
> = {
  pagerduty: (headers, body) => ({ signatures: versionOne(header(headers, 'x-pagerduty-signature')), text: body }),
  grafana: (headers, body, nowMs) => ({
    signatures: [header(headers, 'x-grafana-alerting-signature')],
    text: Buffer.concat([Buffer.from(`${timestamp(headers, 'x-grafana-alerting-timestamp', nowMs)}:`), body]),
  }),
  generic: (headers, body, nowMs) => ({
    signatures: versionOne(header(headers, 'x-runbooks-signature')),
    text: Buffer.concat([Buffer.from(`${timestamp(headers, 'x-runbooks-timestamp', nowMs)}.`), body]),
  }),
};

const versionOne = (written: string): string[] =>
  written.split(',').flatMap((one) => (one.trim().startsWith('v1=') ? [one.trim().slice(3)] : []));

/** Seconds since 1970, as written. Throws 401 when it is missing or far from our clock. */
function timestamp(headers: IncomingHttpHeaders, name: string, nowMs: number): string {
  const written = header(headers, name);
  if (!/^\d{10}$/.test(written))
    throw notAuthenticated(
      `the header ${name} is not a time in seconds since 1970`,
      'Sign with the time, as docs/gateway.md shows.',
    );
  if (Math.abs(nowMs / 1000 - Number(written)) <= CLOCK_SECONDS) return written;
  throw notAuthenticated(
    `the time in ${name} is more than ${CLOCK_SECONDS} seconds from ours`,
    'Send it anew, with the time of now; compare the clocks.',
  );
}

/** The signature that fits, which is also what a replay is known by; '' where the source does not sign. Throws 401. */
export async function authenticateBody(
  { kind, auth }: Source,
  headers: IncomingHttpHeaders,
  body: Buffer,
  nowMs: number,
  check: Check,
): Promise<string> {
  if (auth.kind !== 'hmac' || kind === 'alertmanager') return '';
  const { signatures, text } = SIGNED[kind](headers, body, nowMs);
  let signature = '';
  const fits = await check(auth.secret, (secret) => {
    signature = createHmac('sha256', secret).update(text).digest('hex');
    return signatures.filter((one) => same(one.toLowerCase(), signature)).length > 0;
  });
  if (fits) return signature;
  throw stranger();
}
