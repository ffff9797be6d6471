import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../lab';
import { dyingWithStarter, startInLab } from '../../lab/background';
import { type Lifetime } from '../../lab/options';
import { reservePorts } from '../../lab/ports';
import { isAlive } from '../../lab/processes';
import { findMonitoring } from '../../lab/programs/monitoring';
import { onPath } from '../../lab/programs/tool';
import { compiled } from '../../lab/worker';
import { eventually } from '../support/wait';

export const ALERT_TOKEN = 'the-token-of-the-alertmanager-of-the-lab';
export const ANA_TOKEN = 'the-token-of-ana-who-answers-over-http';

/** The gateway of a lab, as `runbook gateway` serves it. */
export interface LabGateway {
  readonly url: string;
  readonly log: () => string;
  /** One alert, as Alertmanager sends it. */
  readonly alert: (status: 'firing' | 'resolved', fingerprint?: string) => Promise<Response>;
  readonly asAna: (path: string, body?: object) => Promise<Response>;
}

/** Writes the gateway into the lab's inventory and serves it in a process of its own. */
export async function startGateway(lab: Lab): Promise<LabGateway> {
  const [port = 0] = await reservePorts(1, lab.folder);
  const secret = (name: string, value: string) => {
    writeFileSync(join(lab.folder, name), `${value}\n`, { mode: 0o600 });
    return { file: join(lab.folder, name) };
  };
  const inventory = parse(readFileSync(lab.inventoryPath, 'utf8')) as object;
  const source = {
    name: 'alertmanager',
    kind: 'alertmanager',
    auth: { kind: 'bearer', token: secret('alert-token', ALERT_TOKEN) },
    rules: [{ match: { alertname: 'MysqlPrimaryDown' }, cluster: '{{cluster}}' }],
  };
  const people = [{ name: 'ana@example.com', roles: ['approver'] }];
  const callers = [{ person: 'ana@example.com', token: secret('ana-token', ANA_TOKEN) }];
  const gateway = { listen: `127.0.0.1:${port}`, sources: [source], callers };
  writeFileSync(lab.inventoryPath, stringify({ ...inventory, people, gateway }));

  const log = join(lab.folder, 'gateway.log');
  const program = [compiled('cli/main.js'), 'gateway', '--inventory', lab.inventoryPath];
  const env = { ...process.env, TEMPORAL_ADDRESS: lab.temporal?.address ?? '' };
  const mark = startInLab(lab.state, process.execPath, program, { log, env });
  const url = `http://127.0.0.1:${port}`;
  await eventually(
    'the gateway is ready',
    async () => {
      if (!isAlive(mark)) throw new Error(readFileSync(log, 'utf8'));
      return (await fetch(`${url}/readyz`)).ok;
    },
    30_000,
  );
  const send = (path: string, token: string, body?: object) =>
    fetch(`${url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  return {
    url,
    log: () => readFileSync(log, 'utf8'),
    asAna: (path, body) => send(path, ANA_TOKEN, body),
    alert: (status, fingerprint = 'f1') => {
      const labels = { alertname: 'MysqlPrimaryDown', cluster: lab.cluster, instance: 'db1' };
      const one = { status, labels, annotations: {}, startsAt: '2026-11-21T03:00:00Z', fingerprint };
      return send('/alerts/alertmanager', ALERT_TOKEN, { version: '4', alerts: [one] });
    },
  };
}

/**
 * A real mysqld_exporter for db1, a real Prometheus that asks it every half second, and a real Alertmanager that tells the gateway.
 * Returns when Prometheus has seen db1 well.
 */
export async function startMonitoring(lab: Lab, gateway: LabGateway): Promise<void> {
  const programs = await findMonitoring();
  const [exporter = 0, prometheus = 0, alertmanager = 0] = await reservePorts(3, lab.folder);
  const file = (name: string) => join(lab.folder, name);
  const start = (name: string, program: string, args: string[], env: Record<string, string> = {}) =>
    startInLab(lab.state, program, args, { log: file(`${name}.log`), env: { ...process.env, ...env } });

  const { user, passwordFile } = lab.accounts.admin;
  const password = readFileSync(passwordFile, 'utf8').trim();
  start('exporter', programs.exporter, [`--web.listen-address=127.0.0.1:${exporter}`], {
    DATA_SOURCE_NAME: `${user}:${password}@(127.0.0.1:${lab.server('db1').port})/?tls=skip-verify&timeout=1s&readTimeout=1s`,
  });

  const receiver = {
    name: 'runbooks',
    webhook_configs: [
      {
        url: `${gateway.url}/alerts/alertmanager`,
        send_resolved: true,
        http_config: { authorization: { type: 'Bearer', credentials_file: file('alert-token') } },
      },
    ],
  };
  const route = {
    receiver: 'runbooks',
    group_by: ['cluster'],
    group_wait: '0s',
    group_interval: '1s',
    repeat_interval: '1m',
  };
  writeFileSync(file('alertmanager.yml'), stringify({ route, receivers: [receiver] }));
  const [unshare, words] = withItsFiles(programs.alertmanager, lab.state.lifetime);
  start('alertmanager', unshare, [
    ...words,
    `--config.file=${file('alertmanager.yml')}`,
    `--storage.path=${file('alertmanager')}`,
    `--web.listen-address=127.0.0.1:${alertmanager}`,
    '--cluster.listen-address=',
  ]);

  const rule = {
    alert: 'MysqlPrimaryDown',
    expr: 'mysql_up == 0 or up{job="mysql"} == 0',
    annotations: { summary: 'mysqld_exporter cannot log in' },
  };
  writeFileSync(file('rules.yml'), stringify({ groups: [{ name: 'mysql', rules: [rule] }] }));
  writeFileSync(
    file('prometheus.yml'),
    stringify({
      global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
      rule_files: [file('rules.yml')],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanager}`] }] }] },
      scrape_configs: [
        {
          job_name: 'mysql',
          static_configs: [{ targets: [`127.0.0.1:${exporter}`], labels: { cluster: lab.cluster } }],
        },
      ],
    }),
  );
  start('prometheus', programs.prometheus, [
    `--config.file=${file('prometheus.yml')}`,
    `--storage.tsdb.path=${file('prometheus')}`,
    `--web.listen-address=127.0.0.1:${prometheus}`,
  ]);
  await eventually(
    'Alertmanager is ready',
    async () => (await fetch(`http://127.0.0.1:${alertmanager}/-/ready`)).ok,
    60_000,
  );
  await eventually(
    'Prometheus sees db1 well',
    async () => {
      const answer = await fetch(`http://127.0.0.1:${prometheus}/api/v1/query?query=mysql_up`);
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result[0]?.value[1] === '1';
    },
    60_000,
  );
}

/**
 * Debian's Alertmanager reads its templates from /usr/share and nowhere else. One that was unpacked without root's rights is started
 * where its own files stand there, in a mount namespace.
 */
function withItsFiles(program: string, lifetime: Lifetime): [string, string[]] {
  const share = join(dirname(program), '../root/usr/share');
  const unshare = onPath('unshare');
  if (!existsSync(share) || !unshare) return [program, []];
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const script = 'mount --bind "$1" /usr/share && shift && exec "$@"';
  return [unshare, [...asRoot, '--mount', 'sh', '-c', script, 'sh', share, ...dyingWithStarter(lifetime), program]];
}
