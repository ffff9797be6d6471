import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

interface Login {
  readonly role_id?: string;
  readonly secret_id?: string;
}
type Secret = Readonly<Record<string, unknown>> | null;

/**
 * A stand-in for Vault where it cannot be had: KV version 2, tokens with policies, AppRole logins whose tokens end, namespaces, a seal.
 * Its answers have the status and form of the documented API.
 */
export class VaultStandIn {
  /** By `mount/path`; null: its newest version was deleted. */
  readonly secrets = new Map<string, Secret>();
  /** What a token may read, by prefix of `mount/path`. */
  readonly tokens = new Map<string, string>();
  readonly roles = new Map<string, { readonly secretId: string; readonly reads: string }>();
  namespace = '';
  sealed = false;
  logins = 0;
  readonly asked: string[] = [];
  private server: Server | undefined;

  get address(): string {
    return `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    this.server = createServer((asked, answer) => {
      const say = (status: number, body: object): unknown =>
        answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      let text = '';
      asked.setEncoding('utf8').on('data', (part: string) => (text += part));
      asked.on('end', () => {
        this.asked.push(`${asked.method} ${asked.url}`);
        const path = decodeURIComponent(asked.url ?? '').replace(/^\/v1\//, '');
        if (this.sealed) return say(503, { errors: ['Vault is sealed'] });
        if ((asked.headers['x-vault-namespace'] ?? '') !== this.namespace)
          return say(404, { errors: ['no handler for route'] });
        if (asked.method === 'POST' && path === 'auth/approle/login') return this.logIn(JSON.parse(text) as Login, say);
        return this.read(path, String(asked.headers['x-vault-token'] ?? ''), say);
      });
    }).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    this.server?.close();
    if (this.server?.listening) await once(this.server, 'close');
  }

  private logIn(login: Login, say: (status: number, body: object) => unknown): unknown {
    const role = this.roles.get(login.role_id ?? '');
    if (role?.secretId !== login.secret_id) return say(400, { errors: ['invalid role or secret ID'] });
    this.logins += 1;
    const token = `hvs.login-${this.logins}`;
    this.tokens.set(token, role?.reads ?? '');
    return say(200, { auth: { client_token: token, lease_duration: 3600, renewable: true } });
  }

  private read(path: string, token: string, say: (status: number, body: object) => unknown): unknown {
    const [, mount = '', rest = ''] = /^([^/]+)\/data\/(.+)$/.exec(path) ?? [];
    const at = `${mount}/${rest}`;
    const reads = this.tokens.get(token);
    if (reads === undefined || !at.startsWith(reads)) return say(403, { errors: ['permission denied'] });
    if (!this.secrets.has(at)) return say(404, { errors: [] });
    const data = this.secrets.get(at) ?? null;
    return say(data === null ? 404 : 200, { data: { data, metadata: { version: 3, destroyed: false } } });
  }
}
