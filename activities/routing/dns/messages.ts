import { AUTHORITATIVE_ANSWER, type Answer, decode, encode } from 'dns-packet';
import { type IpAddress } from './addresses';

/** Numbers of answers. Source: RFC 1035, section 4.1.1; RFC 2136, section 2.2. */
export const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
] as const;
export type Rcode = (typeof RCODES)[number] | 'UNKNOWN';

/** What a name leads to. */
export interface Published {
  readonly addresses: readonly IpAddress[];
  /** null = there is no record of an address. */
  readonly ttlSeconds: number | null;
}

export interface Answered {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly records: readonly Answer[];
  /** Where there is no such record: the zone that says so. Source: RFC 2308, section 3. */
  readonly zone: string | null;
}

/** Message ids are given by whoever sends. */
export const question = (name: string, type: 'A' | 'AAAA' | 'SOA'): Buffer =>
  encode({ type: 'query', questions: [{ name, type, class: 'IN' }] });

/** The opcode's place in the header's second word. Source: RFC 2136, section 1.3. */
const UPDATE = 5 << 11;

/**
 * One message that makes `name` lead to exactly these addresses: the server carries it out as a whole or not at all, and to repeat it
 * changes nothing. Source: RFC 2136, sections 2.5.1, 2.5.2 and 3.4.
 */
export const replacement = (zone: string, name: string, { addresses, ttlSeconds }: Wanted): Buffer =>
  encode({
    type: 'query',
    flags: UPDATE,
    questions: [{ name: zone, type: 'SOA', class: 'IN' }],
    authorities: [
      ...[1, 28].map((type) => withoutRecords(name, type)),
      ...addresses.map(({ text, family }) => ({
        name,
        type: family === 4 ? ('A' as const) : ('AAAA' as const),
        class: 'IN' as const,
        ttl: ttlSeconds,
        data: text,
      })),
    ],
  });

export interface Wanted {
  readonly addresses: readonly IpAddress[];
  readonly ttlSeconds: number;
}

/** "Delete an RRset" is a record of class ANY without data. By its name the library would want an address in an A record; by its number it takes bytes. */
const withoutRecords = (name: string, type: number): Answer => ({
  name,
  type: `UNKNOWN_${type}` as 'NULL',
  class: 'ANY',
  ttl: 0,
  data: Buffer.alloc(0),
});

/** Throws for what is no DNS message. */
export function readAnswer(message: Buffer): Answered {
  const { flags = 0, answers = [], authorities = [] } = decode(message);
  return {
    rcode: RCODES[flags & 15] ?? 'UNKNOWN',
    authoritative: (flags & AUTHORITATIVE_ANSWER) !== 0,
    records: answers,
    zone: authorities.find(({ type }) => type === 'SOA')?.name ?? null,
  };
}
