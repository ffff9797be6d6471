import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exposureOf, forgetSecrets, resolveSecret } from '../../activities/inventory/secrets';
import { RunbookError } from '../../activities/errors';
import { type SecretReference } from '../../workflows/decisions/cluster';

let folder: string;
beforeEach(async () => {
  forgetSecrets();
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
});
afterEach(async () => {
  jest.restoreAllMocks();
  delete process.env['SECRETS_TEST'];
  await rm(folder, { recursive: true });
});

test('an environment variable, a file beside the inventory and a command each give the value', async () => {
  process.env['SECRETS_TEST'] = 'from env';
  await writeFile(join(folder, 'admin'), 'from file\n');
  expect(await resolveSecret({ env: 'SECRETS_TEST' }, folder)).toBe('from env');
  expect(await resolveSecret({ file: 'admin' }, folder)).toBe('from file');
  expect(await resolveSecret({ command: ['cat', 'admin'] }, folder)).toBe('from file');
});

test('only one newline at the end is dropped: blanks may belong to the secret', async () => {
  await writeFile(join(folder, 'admin'), ' a b \n\n');
  expect(await resolveSecret({ file: 'admin' }, folder)).toBe(' a b \n');
});

test('a value is kept for a minute, then asked for again', async () => {
  const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
  await writeFile(join(folder, 'admin'), 'old');
  expect(await resolveSecret({ file: 'admin' }, folder)).toBe('old');
  await writeFile(join(folder, 'admin'), 'new');
  clock.mockReturnValue(59_999);
  expect(await resolveSecret({ file: 'admin' }, folder)).toBe('old');
  clock.mockReturnValue(60_001);
  expect(await resolveSecret({ file: 'admin' }, folder)).toBe('new');
});

test('after a refused password the value can be forgotten at once', async () => {
  await writeFile(join(folder, 'admin'), 'old');
  expect(await resolveSecret({ file: 'admin' }, folder)).toBe('old');
  await writeFile(join(folder, 'admin'), 'new');
  forgetSecrets();
  expect(await resolveSecret({ file: 'admin' }, folder)).toBe('new');
});

test('a failure is not kept: the cure works at the next try', async () => {
  await expect(resolveSecret({ file: 'admin' }, folder)).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  await writeFile(join(folder, 'admin'), 'here now');
  expect(await resolveSecret({ file: 'admin' }, folder)).toBe('here now');
});

const UNAVAILABLE: readonly (readonly [string, SecretReference, string])[] = [
  ['an unset variable', { env: 'SECRETS_TEST' }, 'the environment variable SECRETS_TEST is not set'],
  ['a missing file', { file: 'nowhere' }, 'nowhere cannot be read (ENOENT)'],
  ['an empty file', { file: 'empty' }, 'empty is empty'],
  ['an unknown program', { command: ['./no-such-program'] }, './no-such-program cannot be started (ENOENT)'],
  ['a command that prints nothing', { command: ['true'] }, 'the secret command true printed nothing'],
  [
    'a command that fails after printing',
    { command: ['sh', '-c', 'echo hunter2; echo hunter2 >&2; exit 3'] },
    'sh ended with exit code 3',
  ],
];
test.each(UNAVAILABLE)(
  '%s is SECRET_UNAVAILABLE with the reference and never the value',
  async (_, reference, message) => {
    await writeFile(join(folder, 'empty'), '\n');
    const error: unknown = await resolveSecret(reference, folder).catch((refusal: unknown) => refusal);
    if (!(error instanceof RunbookError)) throw new Error('nothing was refused');
    expect(error.code).toBe('SECRET_UNAVAILABLE');
    expect(error.message).toContain(message);
    expect(error.hint).toMatch(/\.$/);
    expect(JSON.stringify([error, error.message, error.hint, error.stack, error.cause ?? ''])).not.toContain('hunter2');
  },
);

test('a file that others may read is warned about with the cure', async () => {
  const path = join(folder, 'admin');
  await writeFile(path, 'x');
  await chmod(path, 0o640);
  expect(await exposureOf({ file: 'admin' }, folder)).toBe(
    `the secret file ${path} can be read by others — chmod 600 ${path}`,
  );
  await chmod(path, 0o600);
  expect(await exposureOf({ file: 'admin' }, folder)).toBe('');
});
