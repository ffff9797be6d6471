import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type RouterControl } from '../../../activities/routing/control';
import { controlDns, type DnsOptions } from '../../../activities/routing/dns/control';
import { reservePorts } from '../../../lab/ports';
import { findNamed } from '../../../lab/programs/named';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type DnsRouter } from '../../../workflows/decisions/router';

export const ZONE = 'db.example.org';
export const WRITES = `orders-rw.${ZONE}`;
export const READS = `orders-ro.${ZONE}`;

/** A real BIND that serves one zone and takes updates of two names. */
export interface OneNamed {
  readonly router: DnsRouter;
  readonly secret: string;
  readonly process: ChildProcess;
  readonly port: number;
  /** What another resolver than ours is told: `address TTL`, sorted. */
  readonly told: (name: string) => Promise<string[]>;
  /** Goes up by one with every update that changes something. */
  readonly serial: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

export interface NamedSetup {
  /** Lines of the zone file. Default: writes lead to db1, reads to db2 and db3, TTL 5. */
  readonly records?: string;
  /** In place of the zone's clauses: for a secondary or a forwarder. */
  readonly zone?: string;
  readonly options?: string;
  readonly secret?: string;
}

const USUAL = `orders-rw 5 A 10.0.0.11
orders-ro 5 A 10.0.0.12
orders-ro 5 A 10.0.0.13`;

const POLICY = `type primary; file "zone"; update-policy {
  grant runbooks name ${WRITES} A AAAA;
  grant runbooks name ${READS} A AAAA;
};`;

export async function startOneNamed({
  records = USUAL,
  zone = POLICY,
  options = 'recursion no;',
  secret = randomBytes(32).toString('base64'),
}: NamedSetup = {}): Promise<OneNamed> {
  const folder = mkdtempSync(join(tmpdir(), 'one-named-'));
  const [port = 0] = await reservePorts(1, folder);
  const log = join(folder, 'log');
  writeFileSync(
    join(folder, 'zone'),
    `$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 3600\n@ NS ns\nns A 127.0.0.1\n${records}\n`,
  );
  writeFileSync(
    join(folder, 'named.conf'),
    `options {
  directory "${folder}"; pid-file none; session-keyfile none; managed-keys-directory "${folder}";
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  dnssec-validation no; notify no; ${options}
};
controls { };
key "runbooks" { algorithm hmac-sha256; secret "${secret}"; };
zone "${ZONE}" { ${zone} };
`,
  );
  const output = openSync(log, 'w');
  const process = spawn(await findNamed(), ['-g', '-n', '1', '-c', join(folder, 'named.conf')], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const stop = async (): Promise<void> => {
    if (process.exitCode === null && process.signalCode === null) {
      const gone = once(process, 'exit');
      process.kill('SIGKILL');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const resolver = new Resolver({ timeout: 1000, tries: 5 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const until = performance.now() + 20_000;
  while (!(await resolver.resolveSoa(ZONE).then(Boolean, () => false))) {
    if (process.exitCode !== null || performance.now() > until) {
      const words = readFileSync(log, 'utf8');
      await stop();
      throw new Error(`named did not serve its zone:\n${words}`);
    }
    await pause(10);
  }
  const none = (): { address: string; ttl: number }[] => [];
  return {
    router: {
      kind: 'dns',
      name: 'dns-1',
      server: { host: '127.0.0.1', port },
      zone: ZONE,
      writeName: WRITES,
      readName: READS,
      ttlSeconds: 5,
      key: { name: 'runbooks', algorithm: 'hmac-sha256', secret: { env: 'DNS_KEY' } },
      writeAddress: { host: WRITES, port: 3306 },
    },
    secret,
    process,
    port,
    told: async (name) => {
      const [four, six] = await Promise.all([
        resolver.resolve4(name, { ttl: true }).catch(none),
        resolver.resolve6(name, { ttl: true }).catch(none),
      ]);
      return [...four, ...six].map(({ address, ttl }) => `${address} ${ttl}`).sort();
    },
    serial: async () => (await resolver.resolveSoa(ZONE)).serial,
    stop,
  };
}

export const instanceAt = (name: string, host: string, port = 3306): Instance => ({
  name,
  host,
  port,
  datacentre: 'a',
  promotion: 'neutral',
  delaySeconds: 0,
  backupSource: false,
});

/** A generous deadline: what a test waits for is a state. */
export const openDns = (
  { router, secret }: Pick<OneNamed, 'router' | 'secret'>,
  instances: readonly Instance[],
  options: Partial<DnsOptions> = {},
): RouterControl =>
  controlDns(router, instances, { deadlineMs: 5000, secret: () => Promise.resolve(secret), ...options });

/** The operation of the first message in a TCP stream. */
export const isUpdate = (stream: Buffer): boolean => ((stream.readUInt16BE(4) >> 11) & 15) === 5;
