import { z } from 'zod';
import { name, secret } from './fields';
import { addressPair, says, strict, text } from './words';

const keysWords = says(
  'a list of at least one key',
  'for example keys: [{ id: "2026-11", key: { file: secrets/temporal-2026-11 } }]',
);

const key = strict(
  {
    id: name('the id of a key', '"2026-11"').describe(
      'Stands in plain text beside what it encrypted; never used again for another key.',
    ),
    key: secret('a key').describe('32 bytes as base64 or hex: `openssl rand -base64 32`.'),
  },
  'a key with id and key',
  'for example { id: "2026-11", key: { file: secrets/temporal-2026-11 } }',
);

const originWords = says('the origin of a Web UI', 'write it as in http://127.0.0.1:8233, without a path');
const urlWords = says('a web address', 'for example https://login.example.com/.well-known/jwks.json');

const jwt = strict(
  {
    keys: z
      .string(urlWords)
      .regex(/^https?:\/\/\S+$/, urlWords)
      .describe('Address of its public keys (JWKS).'),
    issuer: text('an issuer', 'as `iss` of its tokens has it').describe('Who signs the tokens of the Web UI.'),
    audience: text('an audience', 'as `aud` of its tokens has it').describe('For whom they are meant.'),
  },
  'jwt with keys, issuer and audience',
  'for example { keys: "https://login.example.com/jwks", issuer: "https://login.example.com/", audience: temporal }',
);

/** What Temporal stores is encrypted with these. */
export const encryption = strict(
  {
    keys: z.array(key, keysWords).min(1, keysWords).describe('The first encrypts; all of them decrypt.'),
    codecServer: strict(
      {
        listen: addressPair('127.0.0.1:8234')
          .prefault('127.0.0.1:8234')
          .describe('host:port of `runbook codec-server`.'),
        origins: z
          .array(z.string(originWords).regex(/^https?:\/\/[^/\s]+$/, originWords), originWords)
          .default([])
          .describe('Web UIs whose pages may ask.'),
        token: secret('a token').exactOptional().describe('Bearer token, for `temporal --codec-auth`.'),
        jwt: jwt.exactOptional().describe('The access tokens that a Web UI with a login passes on.'),
      },
      'codecServer with listen and origins',
      'for example { listen: "127.0.0.1:8234", origins: ["http://127.0.0.1:8233"] }',
    )
      .prefault({})
      .describe('Shows the Web UI and the Temporal CLI what is encrypted.'),
  },
  'encryption with keys',
  'for example { keys: [{ id: "2026-11", key: { file: secrets/temporal-2026-11 } }] }',
);
