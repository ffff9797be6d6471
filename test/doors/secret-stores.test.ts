import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { forgetSecrets, resolveSecret } from '../../activities/inventory/secrets';
import { type SecretReference } from '../../workflows/decisions/cluster';
import { failure } from '../activities/mysql/one-server';
import { type Moto, startMoto } from '../support/moto';
import { VaultStandIn } from '../support/vault';

const folder = mkdtempSync(join(tmpdir(), 'stores-'));
afterAll(() => rmSync(folder, { recursive: true }));
// Values are kept by folder: each test has its own.
let nth = 0;
beforeEach(() => (nth += 1));
const ask = (reference: SecretReference) => resolveSecret(reference, join(folder, String(nth)));

const forgetSettings = (prefix: string) => {
  for (const name of Object.keys(process.env)) if (name.startsWith(prefix)) Reflect.deleteProperty(process.env, name);
};

describe('Vault', () => {
  const admin = { vault: { mount: 'secret', path: 'mysql/admin', field: 'password' } };
  let vault: VaultStandIn;
  beforeEach(async () => {
    vault = await new VaultStandIn().start();
    vault.secrets.set('secret/mysql/admin', { user: 'runbooks', password: 'from-vault' });
    vault.tokens.set('hvs.reader', 'secret/mysql/');
    process.env['VAULT_ADDR'] = vault.address;
    process.env['VAULT_TOKEN'] = 'hvs.reader';
  });
  afterEach(async () => {
    forgetSettings('VAULT_');
    await vault.stop();
  });

  test('a field of the newest version is read with a token', async () => {
    expect(await ask(admin)).toBe('from-vault');
    expect(vault.asked).toEqual(['GET /v1/secret/data/mysql/admin']);
  });

  test('an AppRole logs in once, and again when its token has ended', async () => {
    delete process.env['VAULT_TOKEN'];
    vault.roles.set('runbooks', { secretId: 'its-secret-id', reads: 'secret/' });
    Object.assign(process.env, { VAULT_ROLE_ID: 'runbooks', VAULT_SECRET_ID: 'its-secret-id' });
    expect(await ask(admin)).toBe('from-vault');
    forgetSecrets();
    expect(await ask(admin)).toBe('from-vault');
    expect(vault.logins).toBe(1);
    vault.tokens.delete('hvs.login-1');
    vault.secrets.set('secret/mysql/admin', { password: 'rotated' });
    forgetSecrets();
    expect(await ask(admin)).toBe('rotated');
    expect(vault.logins).toBe(2);
  });

  test('a token file of an agent, and a namespace', async () => {
    delete process.env['VAULT_TOKEN'];
    const home = process.env['HOME'];
    writeFileSync(join(folder, '.vault-token'), 'hvs.reader\n');
    vault.namespace = 'team-a';
    Object.assign(process.env, { HOME: folder, VAULT_NAMESPACE: 'team-a' });
    expect(await ask(admin)).toBe('from-vault');
    process.env['HOME'] = home;
  });

  test('rotated there, the new value is had as soon as a server refuses the old one', async () => {
    expect(await ask(admin)).toBe('from-vault');
    vault.secrets.set('secret/mysql/admin', { password: 'rotated' });
    expect(await ask(admin)).toBe('from-vault');
    forgetSecrets();
    expect(await ask(admin)).toBe('rotated');
  });

  test.each<[string, (vault: VaultStandIn) => void]>([
    ['sealed', (store) => (store.sealed = true)],
    ['away', (store) => void store.stop()],
    ['no longer letting us in', (store) => store.tokens.clear()],
  ])('a Vault that is %s does not end what runs: the last value stays', async (_, happens) => {
    expect(await ask(admin)).toBe('from-vault');
    happens(vault);
    forgetSecrets();
    expect(await ask(admin)).toBe('from-vault');
  });

  const at = (more: object) => ({ vault: { ...admin.vault, ...more } });
  test.each<[string, (vault: VaultStandIn) => void, SecretReference, RegExp]>([
    ['forbids it', () => undefined, at({ path: 'other' }), /does not let us read secret\/other/],
    ['does not know it', () => undefined, at({ path: 'mysql/typo' }), /has no secret secret\/mysql\/typo/],
    ['had it deleted', (s) => s.secrets.set('secret/mysql/gone', null), at({ path: 'mysql/gone' }), /has no secret/],
    ['has another field', () => undefined, at({ field: 'pasword' }), /has no field pasword/],
    ['is sealed', (store) => (store.sealed = true), at({ path: 'mysql/x' }), /Vault is sealed/],
  ])('where Vault %s, a sentence says so and quotes nothing', async (_, happens, reference, words) => {
    happens(vault);
    const error = await failure(ask(reference));
    expect(error.code).toBe('SECRET_UNAVAILABLE');
    expect(error.message).toMatch(words);
    expect(JSON.stringify([error.message, error.hint, error.cause])).not.toMatch(/hvs\.|from-vault/);
  });

  test('nothing listens, no address, no token, a wrong AppRole: each has its sentence', async () => {
    const elsewhere = at({ path: 'mysql/never-read' });
    process.env['VAULT_ADDR'] = 'http://127.0.0.1:1';
    expect((await failure(ask(elsewhere))).message).toMatch(/cannot be asked \(ECONNREFUSED\)/);
    delete process.env['VAULT_ADDR'];
    expect((await failure(ask(elsewhere))).message).toMatch(/VAULT_ADDR is not set/);
    process.env['VAULT_ADDR'] = vault.address;
    delete process.env['VAULT_TOKEN'];
    Object.assign(process.env, { VAULT_ROLE_ID: 'nobody', VAULT_SECRET_ID: 'x' });
    vault.tokens.clear();
    expect((await failure(ask(elsewhere))).message).toMatch(/does not let us read|refuses the AppRole/);
  });
});

describe('AWS Secrets Manager (moto)', () => {
  let moto: Moto;
  let manager: SecretsManagerClient;
  beforeAll(async () => {
    moto = await startMoto(folder);
    Object.assign(process.env, {
      ...{ AWS_ENDPOINT_URL: moto.endpoint, AWS_REGION: 'eu-central-1' },
      ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'the-key-of-this-test' },
    });
    manager = new SecretsManagerClient({});
    const create = (Name: string, SecretString: string) =>
      manager.send(new CreateSecretCommand({ Name, SecretString }));
    await create('mysql/admin', '{"username":"runbooks","password":"from-aws"}');
    await create('mysql/repl', 'text-from-aws');
  }, 300_000);
  afterAll(() => {
    moto.stop();
    forgetSettings('AWS_');
  });

  test('a whole secret, or a field of one that is JSON', async () => {
    expect(await ask({ aws: { id: 'mysql/repl' } })).toBe('text-from-aws');
    expect(await ask({ aws: { id: 'mysql/admin', field: 'password' } })).toBe('from-aws');
  });

  test('rotated there, the new value is had as soon as a server refuses the old one', async () => {
    expect(await ask({ aws: { id: 'mysql/repl' } })).toBe('text-from-aws');
    await manager.send(new PutSecretValueCommand({ SecretId: 'mysql/repl', SecretString: 'rotated' }));
    forgetSecrets();
    expect(await ask({ aws: { id: 'mysql/repl' } })).toBe('rotated');
  });

  test('an unknown secret and an unknown field have their sentences', async () => {
    const unknown = await failure(ask({ aws: { id: 'mysql/typo' } }));
    expect([unknown.code, unknown.message]).toEqual([
      'SECRET_UNAVAILABLE',
      'AWS does not give the secret mysql/typo (ResourceNotFoundException)',
    ]);
    const field = await failure(ask({ aws: { id: 'mysql/admin', field: 'pasword' } }));
    expect(field.message).toMatch(/has no field pasword/);
    expect(JSON.stringify([field.message, field.hint])).not.toContain('from-aws');
  });
});
