import { z } from 'zod';
import { name, secret } from './fields';
import { addressPair, flag, oneOf, says, strict, text, wholeNumber } from './words';

export const SOURCE_KINDS = ['alertmanager', 'grafana', 'pagerduty', 'generic'] as const;

const AUTH_FORM = '{ kind: bearer, token: { env: ALERT_TOKEN } }';
const subjects = says(
  "a list of names in the client's certificate",
  'for example subjects: [alertmanager.example.com]',
);

const auth = z
  .discriminatedUnion(
    'kind',
    [
      strict(
        {
          kind: z.literal('bearer').describe('Authorization: Bearer TOKEN.'),
          token: secret('a token').describe('Where the token is found; at least 16 characters.'),
        },
        'bearer with token',
        AUTH_FORM,
      ),
      strict(
        {
          kind: z.literal('hmac').describe('The body is signed (SHA-256) with a shared secret.'),
          secret: secret('a signing secret').describe('Where the secret is found; at least 16 characters.'),
        },
        'hmac with secret',
        '{ kind: hmac, secret: { env: PAGERDUTY_SECRET } }',
      ),
      strict(
        {
          kind: z.literal('mtls').describe('A client certificate of gateway.tls.clientCa.'),
          subjects: z
            .array(text('a name', 'for example alertmanager.example.com'), subjects)
            .min(1, subjects)
            .describe('Common names or DNS names, one of which its certificate has.'),
        },
        'mtls with subjects',
        '{ kind: mtls, subjects: [alertmanager.example.com] }',
      ),
    ],
    says('how the sender proves who it is: bearer, hmac or mtls', `for example ${AUTH_FORM}`),
  )
  .describe('How this sender proves who it is. There is no way without.');

const labels = says('labels with their values', 'for example match: { alertname: MysqlDown }');
const labelValue = says("a label's value, or a list of values", 'for example alertname: [MysqlDown, MysqlHung]');
const clusterWords = says('the name of a cluster, or a label', "for example cluster: '{{cluster}}'");

const rule = strict(
  {
    match: z
      .record(
        text('the name of a label', 'for example alertname'),
        z
          .union(
            [z.string(labelValue).min(1, labelValue), z.array(z.string(labelValue).min(1, labelValue)).min(1)],
            labelValue,
          )
          .transform((written) => (typeof written === 'string' ? [written] : written)),
        labels,
      )
      .refine((written) => Object.keys(written).length > 0, labels)
      .describe('All of these labels must have one of these values.'),
    cluster: z
      .string(clusterWords)
      .regex(/^(?:[A-Za-z0-9_.-]|\{\{\s*[\w.-]+\s*\}\})+$/, clusterWords)
      .describe("A cluster of this inventory; {{label}} stands for the alert's label."),
    runbook: oneOf(['emergencyFailover'])
      .default('emergencyFailover')
      .describe('What is started. It looks for itself and stands down where nothing is wrong.'),
  },
  'a rule with match and cluster',
  "for example { match: { alertname: MysqlDown }, cluster: '{{cluster}}' }",
);

const rules = says(
  'a list of at least one rule',
  "for example rules: [{ match: { alertname: MysqlDown }, cluster: '{{cluster}}' }]",
);

const source = strict(
  {
    name: name('a name', 'alertmanager').describe('Part of its address: POST /alerts/NAME.'),
    kind: oneOf(SOURCE_KINDS).describe('Whose webhooks: the form of the body, and how it is signed.'),
    auth,
    rules: z.array(rule, rules).min(1, rules).describe('Which alerts start what; the first that matches decides.'),
  },
  'a source with name, kind, auth and rules',
  `for example { name: alertmanager, kind: alertmanager, auth: ${AUTH_FORM}, rules: […] }`,
);

const caller = strict(
  {
    person: text('a name', 'as it stands under people').describe('Who votes with this token; one of people.'),
    token: secret('a token').describe('Where the token is found; at least 16 characters.'),
  },
  'a caller with person and token',
  'for example { person: ana@example.com, token: { file: secrets/ana-token } }',
);

const file = (what: string, example: string) => text(`the file of ${what}`, `for example ${example}`);

export const gateway = strict(
  {
    listen: addressPair('127.0.0.1:9840').prefault('127.0.0.1:9840').describe('host:port where it listens.'),
    tls: strict(
      {
        certificate: file('the certificate', 'tls/gateway.pem').describe('Certificate chain of the gateway.'),
        key: file('the private key', 'tls/gateway-key.pem').describe('Its private key.'),
        clientCa: file('the authority of clients', 'tls/clients-ca.pem')
          .exactOptional()
          .describe('Authority that has signed the certificates of senders with auth mtls.'),
      },
      'tls with certificate and key',
      'for example { certificate: tls/gateway.pem, key: tls/gateway-key.pem }',
    )
      .exactOptional()
      .describe('HTTPS. Needed on any address but this machine itself.'),
    plainText: flag('leave the line out for false')
      .default(false)
      .describe('Listen beyond this machine without TLS, because a proxy in front has it.'),
    perMinute: wholeNumber(1, 100_000, 'a whole number from 1 to 100000', 'for example 300')
      .default(300)
      .describe('Requests of one address for one source within a minute; more are told to come back later.'),
    sources: z
      .array(source, says('a list of sources', 'see docs/gateway.md'))
      .default([])
      .describe('Who may send alerts.'),
    callers: z
      .array(caller, says('a list of callers', 'leave the line out where nobody votes over HTTP'))
      .default([])
      .describe('Who may look at runs and answer their questions over HTTP.'),
    metrics: strict(
      { token: secret('a token').describe('Where the token is found; at least 16 characters.') },
      'metrics with token',
      'for example { token: { env: METRICS_TOKEN } }',
    )
      .exactOptional()
      .describe('Serve /metrics for Prometheus, with this bearer token.'),
  },
  'the gateway with its sources',
  'see docs/gateway.md',
)
  .exactOptional()
  .describe('The HTTP service that turns alerts into runbooks: runbook gateway.');

export type WrittenGateway = z.output<typeof gateway>;
