import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FastifyInstance } from 'fastify';
import pino from 'pino';
import { parseInventory } from '../../activities/inventory/inventory';
import { forgetSecrets, resolveSecret } from '../../activities/inventory/secrets';
import { buildGateway, type GatewayDeps } from '../../workers/gateway/app';
import { type AlertsAnswer } from '../../workers/gateway/alerts';

export const TOKEN = 'a-token-of-the-alertmanager-0123456789';
export const SECRET = 'a-signing-secret-of-many-characters-42';
export const ANA = 'the-token-of-ana-who-may-approve-0001';
export const VIC = 'the-token-of-vic-who-may-only-look-02';
export const METRICS = 'the-token-of-our-prometheus-00000003';
const VALUES: Record<string, string> = { TOKEN, SECRET, ANA, VIC, METRICS };

/** The gateway over a Temporal that runs, listening on a port of its own. */
export interface OneGateway {
  readonly app: FastifyInstance;
  readonly url: string;
  /** One JSON line for each thing that it logged. */
  readonly log: string[];
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  readonly get: (path: string, token?: string) => Promise<Answer>;
  readonly stop: () => Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
  readonly body: AlertsAnswer & { error: { code: string; message: string; hint: string }; sentence: string };
}

const RULES = "rules: [{ match: { alertname: [MysqlDown] }, cluster: '{{cluster}}' }]";

export const inventoryOf = (clusters: readonly string[], more = '') => `clusters:
${clusters
  .map(
    (name, index) => `  ${name}:
    durability: async
    instances: [{ name: db1, host: 10.0.0.11, port: ${3306 + index} }]
    accounts:
      admin: { user: runbooks, password: { env: ADMIN } }
      replication: { user: repl, password: { env: REPL } }`,
  )
  .join('\n')}
people:
  - { name: ana@example.com, roles: [approver] }
  - { name: vic@example.com, roles: [viewer] }
gateway:
  metrics: { token: { env: METRICS } }
  callers:
    - { person: ana@example.com, token: { env: ANA } }
    - { person: vic@example.com, token: { env: VIC } }
  sources:
    - { name: am, kind: alertmanager, auth: { kind: bearer, token: { env: TOKEN } }, ${RULES} }
    - { name: gf, kind: grafana, auth: { kind: hmac, secret: { env: SECRET } }, ${RULES} }
    - { name: gen, kind: generic, auth: { kind: hmac, secret: { env: SECRET } }, ${RULES} }
    - name: pd
      kind: pagerduty
      auth: { kind: hmac, secret: { env: SECRET } }
      rules: [{ match: { urgency: high }, cluster: '{{service_name}}' }]
${more}`;

export async function startGateway(
  client: GatewayDeps['client'],
  text: () => string,
  change: Partial<GatewayDeps> = {},
): Promise<OneGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'one-gateway-'));
  const log: string[] = [];
  const app = await buildGateway({
    inventory: async () => Promise.resolve(parseInventory(text(), join(folder, 'fleet.yaml'))),
    secrets: {
      resolve: (reference) =>
        'env' in reference ? Promise.resolve(VALUES[reference.env] ?? '') : resolveSecret(reference, folder),
      forget: forgetSecrets,
    },
    client,
    log: pino({ base: null }, { write: (line: string) => void log.push(line) }),
    now: Date.now,
    ...change,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const answerOf = async (response: Response): Promise<Answer> => {
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      text,
      body: (json ? JSON.parse(text) : {}) as Answer['body'],
    };
  };
  return {
    app,
    url,
    log,
    post: async (path, body, headers = {}) =>
      answerOf(
        await fetch(`${url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
        }),
      ),
    get: async (path, token) =>
      answerOf(
        await fetch(`${url}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      ),
    stop: async () => {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const hmac = (text: string, secret: string) => createHmac('sha256', secret).update(text).digest('hex');
export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** Headers as each kind signs; the body is the text that is sent. */
export const signed = {
  pagerduty: (body: string, secret = SECRET) => ({
    'x-pagerduty-signature': `v1=${'0'.repeat(64)},v1=${hmac(body, secret)}`,
  }),
  grafana: (body: string, at = nowSeconds(), secret = SECRET) => ({
    'x-grafana-alerting-timestamp': String(at),
    'x-grafana-alerting-signature': hmac(`${at}:${body}`, secret),
  }),
  generic: (body: string, at = nowSeconds(), secret = SECRET) => ({
    'x-runbooks-timestamp': String(at),
    'x-runbooks-signature': `v1=${hmac(`${at}.${body}`, secret)}`,
  }),
};

interface AlertWords {
  readonly status?: 'firing' | 'resolved';
  readonly fingerprint?: string;
  readonly startsAt?: string;
  readonly labels?: Record<string, string>;
}

/** As Alertmanager 0.25 and Grafana 11 send them, shortened. */
export const group = (cluster: string, alerts: readonly AlertWords[] = [{}], version = '4') => ({
  version,
  groupKey: '{}:{alertname="MysqlDown"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'runbooks',
  groupLabels: { alertname: 'MysqlDown' },
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'http://am:9093',
  alerts: alerts.map(
    ({ status = 'firing', fingerprint = '5ef77f1f8a3ecf8d', startsAt = '2026-11-21T03:00:00Z', labels }) => ({
      status,
      labels: { alertname: 'MysqlDown', cluster, instance: 'db1:9104', ...labels },
      annotations: { summary: 'the primary is down' },
      startsAt,
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus:9090/graph',
      fingerprint,
    }),
  ),
});

/** As PagerDuty's v3 webhooks are, shortened. */
export const incidentOf = (cluster: string, type = 'incident.triggered', id = 'E1', at = new Date().toISOString()) => ({
  event: {
    id,
    event_type: type,
    resource_type: 'incident',
    occurred_at: at,
    agent: null,
    client: null,
    data: {
      id: 'PT4KHLK',
      type: 'incident',
      number: 1234,
      status: 'triggered',
      title: 'MysqlDown',
      service: { id: 'PIJ90N7', type: 'service_reference', summary: cluster },
      urgency: 'high',
      priority: null,
    },
  },
});
