import { z } from 'zod';
import { name, port, secret, whenUnreachable } from './fields';
import { addressPair, oneOf, says, span, strict } from './words';

/** Labels of letters, digits, "-" and "_", 63 at most each and 253 together. Source: RFC 1035, section 2.3.4. */
const DNS_NAME = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$/;

const domain = (what: string, example: string) => {
  const words = says(what, (input) =>
    typeof input === 'string' && input.endsWith('.') ? 'write it without the dot at its end' : `for example ${example}`,
  );
  return z.string(words).regex(DNS_NAME, words);
};

const key = strict(
  {
    name: domain('the name of a key', 'runbooks').describe('Name of the key as the name server has it.'),
    algorithm: oneOf(['hmac-sha256', 'hmac-sha384', 'hmac-sha512'])
      .default('hmac-sha256')
      .describe('As the `key` clause of named.conf has it.'),
    secret: secret('the secret of the key').describe('Where the base64 secret is found. Never the secret.'),
  },
  'a key with name and secret',
  'for example { name: runbooks, secret: { env: DNS_KEY } }; tsig-keygen makes one',
);

/** A router that is a name: `kind: dns`. */
export const dns = strict(
  {
    kind: z.literal('dns').describe('Names in a DNS zone that takes dynamic updates (RFC 2136).'),
    name: name('a name', 'dns-a').exactOptional().describe('Name used in reports. Default dns-1, dns-2 …'),
    server: addressPair('10.0.0.53:53').describe('host:port of the primary name server of the zone, never a resolver.'),
    zone: domain('the name of a zone', 'db.example.org').describe('Zone that holds the names.'),
    writeName: domain('a name in the zone', 'orders-rw.db.example.org').describe(
      'Name that clients look up for writes.',
    ),
    readName: domain('a name in the zone', 'orders-ro.db.example.org')
      .exactOptional()
      .describe('Name that clients look up for reads.'),
    ttlSeconds: span('seconds', 1, 3600)
      .int(says('whole seconds', 'for example 5'))
      .default(5)
      .describe('TTL of the records: for so long resolvers may lead clients to the old primary.'),
    key: key.describe('Key that updates and questions are signed with (TSIG).'),
    writePort: port
      .default(3306)
      .describe(
        'Port that clients connect to for writes; the proof by a write goes there, at the address in the zone.',
      ),
    whenUnreachable,
  },
  'a router',
  'for example { kind: dns, server: "10.0.0.53:53", zone: db.example.org, writeName: orders-rw.db.example.org, key: { name: runbooks, secret: { env: DNS_KEY } } }',
);
