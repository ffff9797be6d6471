import { createHash, createPublicKey, timingSafeEqual, verify, type JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import { type Inventory } from '../../activities/inventory/inventory';

type Jwt = NonNullable<NonNullable<Inventory['encryption']>['codecServer']['jwt']>;

const KEYS_WITHIN_MS = 5_000;
const KEEP_MS = 300_000;
/** A clock may be off by this much. */
const LEEWAY_SECONDS = 60;

/** Equal in constant time, whatever the lengths are. */
export const sameText = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));
const digest = (text: string) => createHash('sha256').update(text).digest();

const keySet = z.object({ keys: z.array(z.looseObject({ kid: z.string().optional() })) });
const header = z.object({ alg: z.enum(['RS256', 'ES256']), kid: z.string().optional() });
const claims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  nbf: z.number().optional(),
});

/**
 * Access tokens of the Web UI's login: signed by a key of the issuer (RS256 or ES256), for this audience, and not over. Answers false for
 * anything else; throws only when the issuer's keys cannot be had. Source: RFC 7519 and RFC 7515.
 */
export function jwtVerifier({ keys, issuer, audience }: Jwt): (token: string) => Promise<boolean> {
  let kept: { readonly at: number; readonly keys: readonly (JsonWebKey & { kid?: string | undefined })[] } | undefined;
  const fetchKeys = async () => {
    const answer = await fetch(keys, { signal: AbortSignal.timeout(KEYS_WITHIN_MS), redirect: 'error' });
    if (!answer.ok) throw new Error(`${keys} answered ${answer.status}`);
    kept = { at: performance.now(), keys: keySet.parse(await answer.json()).keys };
    return kept.keys;
  };
  const keyNamed = async (kid: string | undefined) => {
    const matches = (one: { kid?: string | undefined }) => kid === undefined || one.kid === kid;
    const fresh = kept && performance.now() - kept.at < KEEP_MS ? kept.keys.find(matches) : undefined;
    return fresh ?? (await fetchKeys()).find(matches);
  };
  return async (token) => {
    const [first = '', second = '', third = '', ...more] = token.split('.');
    const [head, body] = [header.safeParse(decoded(first)), claims.safeParse(decoded(second))];
    if (!head.success || !body.success || more.length > 0) return false;
    const { iss, aud, exp, nbf } = body.data;
    const now = Date.now() / 1000;
    if (iss !== issuer || ![aud].flat().includes(audience)) return false;
    if (exp < now - LEEWAY_SECONDS || (nbf ?? 0) > now + LEEWAY_SECONDS) return false;
    const jwk = await keyNamed(head.data.kid);
    // The algorithm is the key's, not the token's word: an elliptic key checks no RSA signature.
    if (jwk?.kty !== (head.data.alg === 'RS256' ? 'RSA' : 'EC')) return false;
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return verify(
      'sha256',
      Buffer.from(`${first}.${second}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(third, 'base64url'),
    );
  };
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
