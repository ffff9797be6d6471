import { z } from 'zod';
import { PAYLOADS } from './payloads';
import { VOTES } from './runs';

/** The OpenAPI document of the gateway, made of the schemas that it checks by. */
export function openApi(): object {
  const schemas = Object.fromEntries(
    Object.entries({ ...PAYLOADS, ...VOTES }).map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input' })]),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'mysql-runbooks gateway', version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: {
      '/alerts/{source}': {
        post: {
          summary: 'Alerts of a source of the inventory. 200 only when every run that they ask for is durable.',
          parameters: [path('source', 'Name of the source')],
          security: [{ bearer: [] }, { signature: [] }, { clientCertificate: [] }],
          requestBody: body(Object.keys(PAYLOADS)),
          responses: {
            '200': { description: 'What became of the alerts; the same message again gets the same answer.' },
            ...refusals({
              422: 'No cluster of the inventory is meant.',
              503: 'Not durable, or the cluster is being changed: send it again.',
            }),
          },
        },
      },
      '/runs/{id}': {
        get: {
          summary: 'What a run does and asks.',
          parameters: [path('id', 'Name of a cluster, or the workflow id of its change')],
          security: [{ bearer: [] }],
          responses: {
            '200': { description: 'The progress of the run.' },
            ...refusals({ 404: 'Nothing runs there.' }),
          },
        },
      },
      ...Object.fromEntries(
        (['approve', 'reject'] as const).map((answer) => [
          `/runs/{id}/${answer}`,
          {
            post: {
              summary: `Answer the question of a run: ${answer}. The answer is that of the person whose token is sent.`,
              parameters: [path('id', 'Name of a cluster, or the workflow id of its change')],
              security: [{ bearer: [] }],
              requestBody: body([answer]),
              responses: {
                '200': { description: 'It counts; the sentence says so.' },
                ...refusals({
                  403: 'This person may not.',
                  404: 'Nothing runs there.',
                  409: 'It does not count, and why.',
                }),
              },
            },
          },
        ]),
      ),
      '/slack/interactions': {
        post: {
          summary:
            "A button that was pressed in Slack, as Slack sends it; its vote is given where it counts. Known by Slack's signature.",
          security: [{ slackSignature: [] }],
          requestBody: {
            required: true,
            content: {
              'application/x-www-form-urlencoded': {
                schema: { type: 'object', properties: { payload: { type: 'string' } }, required: ['payload'] },
              },
            },
          },
          responses: {
            '200': { description: 'Heard. Who pressed is told in Slack when it does not count.' },
            ...refusals({ 404: 'No signing secret is in the inventory.' }),
          },
        },
      },
      '/healthz': { get: { summary: 'The process lives.', responses: { '200': { description: 'ok' } } } },
      '/readyz': {
        get: {
          summary: 'Temporal answers.',
          responses: { '200': { description: 'ready' }, '503': { description: 'Temporal does not answer.' } },
        },
      },
      '/metrics': {
        get: {
          summary: 'Metrics for Prometheus.',
          security: [{ bearer: [] }],
          responses: { '200': { description: 'The metrics.', content: { 'text/plain': {} } }, ...refusals({}) },
        },
      },
    },
    components: {
      schemas: {
        ...schemas,
        error: z.toJSONSchema(
          z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) }),
        ),
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Runbooks-Signature',
          description: 'HMAC; each kind has a header of its own.',
        },
        slackSignature: { type: 'apiKey', in: 'header', name: 'X-Slack-Signature' },
        clientCertificate: { type: 'mutualTLS' },
      },
    },
  };
}

export const printOpenApi = (): string => `${JSON.stringify(openApi(), null, 2)}\n`;

const path = (name: string, description: string) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
});

const body = (names: readonly string[]) => {
  const known = names.map((name) => ({ $ref: `#/components/schemas/${name}` }));
  return {
    required: true,
    content: { 'application/json': { schema: known.length === 1 ? known[0] : { oneOf: known } } },
  };
};

const ALWAYS: Readonly<Record<number, string>> = {
  400: 'The body is not understood; nothing was started.',
  401: 'The sender is not known.',
  429: 'Too many requests; Retry-After says when.',
};

const refusals = (more: Readonly<Record<number, string>>) =>
  Object.fromEntries(
    Object.entries({ ...ALWAYS, ...more }).map(([status, description]) => [
      status,
      { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/error' } } } },
    ]),
  );
