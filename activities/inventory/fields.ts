import { isIP } from 'node:net';
import { z } from 'zod';
import { type Account, type SecretReference } from '../../workflows/decisions/cluster';
import { addressPair, command, says, span, strict, text, wholeNumber } from './words';

/** A name that is safe in a workflow id, a file name and a router's configuration. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

export const name = (what: string, example: string) => {
  const words = says(`${what} of letters, digits, "-", "_" and "."`, (input) =>
    typeof input === 'number' ? 'put it in quotes' : `for example ${example}`,
  );
  return z.string(words).regex(NAME, words);
};

export const port = wholeNumber(1, 65535, 'a whole number from 1 to 65535', (input) =>
  typeof input === 'string' && /^\d+$/.test(input) ? 'write the port without quotes' : 'for example 3306',
);

const hostWords = says('a host name or an IP address', 'for example 10.0.0.11; the port has a line of its own');
export const host = z
  .string(hostWords)
  .refine((written) => isIP(written) !== 0 || /^[A-Za-z0-9_.-]+$/.test(written), hostWords);

/** Names that a program is given beside its secrets. */
export const NAMES = /^[A-Za-z_][A-Za-z0-9_-]*$/;

export const writeAddress = (example: string) =>
  addressPair(example).describe('host:port where clients connect for writes; the proof by a write goes through here.');

const WAYS = ['env', 'file', 'command', 'vault', 'aws'] as const;
const REFERENCE_FORM =
  '{ env: MYSQL_ADMIN_PASSWORD }, { file: secrets/admin }, { command: [pass, show, mysql/admin] }, { vault: { path: mysql/admin } } or { aws: { id: mysql/admin } }';
const referenceWords = (what: string) => `${what} by reference`;
const referenceCure = (input: unknown) =>
  input === undefined || input === null || (typeof input === 'object' && !Array.isArray(input))
    ? `write ${REFERENCE_FORM}`
    : `a secret is never written here; say where it is found: ${REFERENCE_FORM}`;

const vault = strict(
  {
    mount: text('the mount of a KV engine', 'for example secret')
      .default('secret')
      .describe('Mount of the KV engine, version 2.'),
    path: text('the path of a secret', 'for example mysql/admin, without "data/"').describe('Path below the mount.'),
    field: text('the name of a field', 'for example password').default('password').describe('Field of the secret.'),
  },
  'a secret of Vault with path',
  'for example { vault: { path: mysql/admin } }',
);

const aws = strict(
  {
    id: text('the name or ARN of a secret', 'for example mysql/admin').describe('Name or ARN of the secret.'),
    field: text('the name of a field', 'for example password')
      .exactOptional()
      .describe('Field of the secret where it is JSON. Default: the whole text.'),
  },
  'a secret of AWS Secrets Manager with id',
  'for example { aws: { id: mysql/admin, field: password } }',
);

/** Where a secret is found; exactly one of these ways. */
export const secret = (what: string) =>
  strict(
    {
      env: text('the name of an environment variable', 'for example { env: MYSQL_ADMIN_PASSWORD }')
        .regex(
          /^[A-Za-z_][A-Za-z0-9_]*$/,
          says('the name of an environment variable', 'write its name alone, without "$"'),
        )
        .exactOptional()
        .describe('Environment variable of the worker that holds the secret.'),
      file: text('a file name', 'for example { file: secrets/admin }; relative to the folder of this inventory')
        .exactOptional()
        .describe(
          'File that holds the secret; relative to the folder of this inventory. One newline at its end is dropped.',
        ),
      command: command('[pass, show, mysql/admin]')
        .exactOptional()
        .describe('Program that prints the secret, and its arguments. Asked at most once a minute.'),
      vault: vault.exactOptional().describe('Vault, by its own settings: VAULT_ADDR, VAULT_TOKEN and others.'),
      aws: aws.exactOptional().describe('AWS Secrets Manager, by its own settings: AWS_REGION, a role and others.'),
    },
    referenceWords(what),
    referenceCure,
  )
    .refine(
      (written) => Object.keys(written).length === 1,
      says(`exactly one of ${WAYS.join(', ')}`, `write ${REFERENCE_FORM}`),
    )
    .transform((written): SecretReference => {
      if (written.env !== undefined) return { env: written.env };
      if (written.file !== undefined) return { file: written.file };
      if (written.vault !== undefined) return { vault: written.vault };
      return written.aws !== undefined ? { aws: written.aws } : { command: written.command ?? [] };
    })
    .meta({ oneOf: WAYS.map((way) => ({ required: [way] })) });

export const account = (what: string) =>
  strict(
    {
      user: text('a MySQL user name', 'for example runbooks').describe('MySQL user name, without the host part.'),
      password: secret('a password').describe('Where the password is found. Never the password.'),
    },
    `${what} with user and password`,
    `for example { user: runbooks, password: { env: MYSQL_ADMIN_PASSWORD } }`,
  ).transform((written): Account => written);

const howMany = (example: number) => wholeNumber(1, 1000, 'a whole number from 1 to 1000', `for example ${example}`);
/** A limit on automatic failovers within a window. */
export const atMost = (failovers: number) =>
  strict(
    {
      failovers: howMany(failovers)
        .default(failovers)
        .describe(`Automatic failovers within the window. Default ${failovers}.`),
      perMinutes: span('minutes', 1, 10_080).default(60).describe('Length of the window. Default 60.'),
    },
    'failovers and perMinutes',
    `for example { failovers: ${failovers}, perMinutes: 60 }`,
  ).prefault({});
