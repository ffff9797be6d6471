import { readFile } from 'node:fs/promises';
import { request as plainly } from 'node:http';
import { request as securely } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type VaultReference } from '../../../workflows/decisions/references';
import { RunbookError } from '../../errors';
import { systemCode } from '../system-code';

const WITHIN_MS = 5_000;
const MAX_BYTES = 1024 * 1024;

const kvAnswer = z.object({ data: z.object({ data: z.record(z.string(), z.unknown()).nullable() }) });
const loginAnswer = z.object({ auth: z.object({ client_token: z.string() }) });

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The token of an AppRole login, until it is refused. */
let loggedIn: string | undefined;

/**
 * One field of the newest version of a secret of a KV engine, version 2. Where Vault is and who asks are Vault's own settings: VAULT_ADDR,
 * VAULT_NAMESPACE, VAULT_CACERT; VAULT_TOKEN, else VAULT_ROLE_ID with VAULT_SECRET_ID (AppRole), else the file ~/.vault-token, which an agent
 * renews. Throws SECRET_UNAVAILABLE. Source: Vault documentation, "KV secrets engine - version 2 (API)", "AppRole auth method (API)".
 */
export async function fromVault({ mount, path, field }: VaultReference): Promise<string> {
  const at = `/v1/${encoded(mount)}/data/${encoded(path)}`;
  let answer = await ask('GET', at, await token());
  if (answer.status === 403 && loggedIn !== undefined) {
    // An AppRole's token ends; one more login tells an ended one from one that may not.
    loggedIn = undefined;
    answer = await ask('GET', at, await token());
  }
  const where = `${mount}/${path}`;
  if (answer.status === 403)
    throw unavailable(`Vault does not let us read ${where}`, `Give the token's policy read on ${mount}/data/${path}.`);
  if (answer.status === 404)
    throw unavailable(
      `Vault has no secret ${where}`,
      'Compare mount and path with `vault kv get -mount=MOUNT PATH`; the engine must be KV version 2.',
    );
  refuseOthers(answer);
  const read = kvAnswer.safeParse(answer.body);
  if (!read.success)
    throw unavailable(`${where} in Vault is no secret of KV version 2`, 'Name the mount of a KV version 2 engine.');
  const value = read.data.data.data?.[field];
  if (typeof value === 'string' && value !== '') return value;
  throw unavailable(`the secret ${where} in Vault has no field ${field}`, 'Name its field in the inventory: field: …');
}

async function token(): Promise<string> {
  const { VAULT_TOKEN, VAULT_ROLE_ID, VAULT_SECRET_ID } = process.env;
  if (VAULT_TOKEN) return VAULT_TOKEN;
  if (VAULT_ROLE_ID) {
    loggedIn ??= await logIn(VAULT_ROLE_ID, VAULT_SECRET_ID);
    return loggedIn;
  }
  const kept = await readFile(join(process.env['HOME'] ?? homedir(), '.vault-token'), 'utf8').catch(() => '');
  if (kept.trim() !== '') return kept.trim();
  throw unavailable(
    'there is no token for Vault',
    'Set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, or let an agent write ~/.vault-token.',
  );
}

async function logIn(roleId: string, secretId: string | undefined): Promise<string> {
  const answer = await ask('POST', '/v1/auth/approle/login', undefined, { role_id: roleId, secret_id: secretId ?? '' });
  if (answer.status === 400 || answer.status === 403)
    throw unavailable(
      'Vault refuses the AppRole',
      'Compare VAULT_ROLE_ID and VAULT_SECRET_ID; a secret id can be used up.',
    );
  refuseOthers(answer);
  return loginAnswer.parse(answer.body).auth.client_token;
}

function refuseOthers({ status }: Answer): void {
  if (status === 200) return;
  const why = status === 503 ? 'is sealed' : `answers with status ${status}`;
  throw unavailable(`Vault ${why}`, 'Look at `vault status`.');
}

/** Never quotes what Vault said: it may repeat what it was asked. */
async function ask(method: string, path: string, vaultToken: string | undefined, body?: object): Promise<Answer> {
  const { VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT } = process.env;
  if (!VAULT_ADDR)
    throw unavailable('VAULT_ADDR is not set', 'Set it to the address of Vault: https://vault.example.com:8200.');
  try {
    const url = new URL(path, VAULT_ADDR);
    const ca = VAULT_CACERT && url.protocol === 'https:' ? await readFile(VAULT_CACERT) : undefined;
    const headers = {
      'X-Vault-Request': 'true',
      ...(vaultToken !== undefined && { 'X-Vault-Token': vaultToken }),
      ...(VAULT_NAMESPACE && { 'X-Vault-Namespace': VAULT_NAMESPACE }),
    };
    return await send(url, { method, headers, ...(ca && { ca }), signal: AbortSignal.timeout(WITHIN_MS) }, body);
  } catch (cause) {
    throw unavailable(
      `Vault at ${VAULT_ADDR} cannot be asked (${systemCode(cause)})`,
      'Look whether it runs, and at VAULT_ADDR and VAULT_CACERT.',
    );
  }
}

function send(url: URL, options: Parameters<typeof securely>[1] & object, body: object | undefined): Promise<Answer> {
  const open = url.protocol === 'https:' ? securely : plainly;
  return new Promise((resolve, reject) => {
    const asked = open(url, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.length > MAX_BYTES) asked.destroy(new Error('too long'));
      });
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parsed(text) }));
    });
    asked.on('error', reject);
    asked.end(body && JSON.stringify(body));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
const unavailable = (message: string, hint: string) => new RunbookError({ code: 'SECRET_UNAVAILABLE', message, hint });
