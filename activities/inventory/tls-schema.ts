import { oneOf, strict, text } from './words';

const MODES = ['encrypt', 'verify', 'verify-identity', 'off'] as const;

/** How one of our connections by the MySQL protocol is encrypted. */
export const tlsPolicy = (byDefault: (typeof MODES)[number]) =>
  strict(
    {
      mode: oneOf(MODES)
        .default(byDefault)
        .describe(
          'encrypt: encrypted, certificate not checked. verify: checked against ca. verify-identity: it must also name the host. off: plain text.',
        ),
      ca: text('a file name', 'for example tls/ca.pem')
        .exactOptional()
        .describe('Certificate authority file, with verify and verify-identity.'),
      certificate: text('a file name', 'for example tls/runbooks.pem')
        .exactOptional()
        .describe('Our own certificate, for accounts that REQUIRE X509.'),
      key: text('a file name', 'for example tls/runbooks-key.pem')
        .exactOptional()
        .describe('Private key of our own certificate.'),
    },
    'tls with mode',
    'for example { mode: verify, ca: tls/ca.pem }',
  ).prefault({});
