import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { onAdmin } from '../../../activities/routing/proxysql/admin';
import { type KeptServers } from '../../../activities/mysql/servers';
import { type TlsPolicy } from '../../../workflows/decisions/cluster';
import { failure, withOneServer } from './one-server';

const one = withOneServer();
let servers: KeptServers;
beforeEach(() => (servers = one().connect()));
afterEach(() => servers.close());

const ca = () => one().lab.state.tls.ca;
const reach = (tls: TlsPolicy, host = '127.0.0.1', port = one().instance.port) =>
  servers.of({ ...one().cluster, tls }, { ...one().instance, host, port }).value('SELECT 1');

/** The same server at an address that its certificate does not name. */
async function elsewhere(): Promise<Server> {
  const server = createServer((client) => {
    const onward = connect(one().instance.port, '127.0.0.1');
    client.pipe(onward).pipe(client);
    for (const socket of [client, onward]) socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.2');
  await once(server, 'listening');
  return server;
}

test('verify-identity: the certificate must name the host, by address or by name', async () => {
  const identity: TlsPolicy = { mode: 'verify-identity', ca: ca() };
  await expect(reach(identity, '127.0.0.1')).resolves.toBe(1);
  await expect(reach(identity, 'localhost')).resolves.toBe(1);

  const other = await elsewhere();
  const { port } = other.address() as AddressInfo;
  try {
    await expect(reach({ mode: 'verify', ca: ca() }, '127.0.0.2', port)).resolves.toBe(1);
    const error = await failure(reach(identity, '127.0.0.2', port));
    expect([error.code, error.message]).toEqual(['TLS_FAILED', expect.stringContaining('127.0.0.2')]);
  } finally {
    other.close();
  }
});

test('an account that REQUIREs X509 is let in with our certificate, and with it alone', async () => {
  const { lab } = one();
  const own = {
    certificate: join(lab.folder, 'tls', 'server.pem'),
    key: join(lab.folder, 'tls', 'server-key.pem'),
  };
  await lab.rows('db1', "ALTER USER 'runbooks'@'%' REQUIRE X509");
  try {
    expect((await failure(reach({ mode: 'encrypt' }))).code).toBe('AUTHENTICATION_FAILED');
    await expect(reach({ mode: 'encrypt', ...own })).resolves.toBe(1);
    const missing = await failure(reach({ mode: 'encrypt', ...own, key: '/nowhere/key.pem' }));
    expect(missing.code).toBe('TLS_FAILED');
  } finally {
    await lab.rows('db1', "ALTER USER 'runbooks'@'%' REQUIRE NONE");
  }
});

test('the admin connection of a ProxySQL is encrypted where the inventory says so', async () => {
  const { instance, cluster, lab } = one();
  const cipher = async (tls: TlsPolicy) => {
    const router = {
      ...({ kind: 'proxysql', name: 'proxy', account: cluster.accounts.admin, tls, writers: 10 } as const),
      admin: { host: instance.host, port: instance.port },
      writeAddress: { host: instance.host, port: instance.port },
    };
    const password = () => resolveSecret(cluster.accounts.admin.password, lab.folder);
    // A server stands in for its admin interface: what is tried here is the login, which is the same.
    const rows = await onAdmin(router, password, performance.now() + 5_000, (admin) =>
      admin.rows("SHOW STATUS LIKE 'Ssl_cipher'"),
    );
    return rows[0]?.['Value'];
  };
  expect(await cipher({ mode: 'verify-identity', ca: ca() })).toMatch(/^TLS_/);
  expect(await cipher({ mode: 'off' })).toBe('');
  const refused = await failure(cipher({ mode: 'verify', ca: join(__dirname, 'other-ca.pem') }));
  expect(refused.code).toBe('ROUTER_MISCONFIGURED');
});
