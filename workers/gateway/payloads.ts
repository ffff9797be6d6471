import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Source } from '../../activities/inventory/gateway';
import { type Alert } from '../../workflows/decisions/alerts';
import { malformed, notAuthenticated } from './refusals';

/** What a webhook says, whoever sent it. */
export interface Delivery {
  readonly alerts: readonly Alert[];
  /** What a replay is known by, where the sender numbers its messages; '' otherwise. */
  readonly id: string;
}

const labels = z.record(z.string(), z.string().max(4_000));
const state = z.enum(['firing', 'resolved']);
const fingerprint = z.string().min(1).max(200);

const group = <const Version extends string>(version: Version) =>
  z.object({
    version: z.literal(version),
    alerts: z
      .array(
        z.object({
          status: state,
          labels,
          annotations: labels.default({}),
          startsAt: z.string().max(64).default(''),
          fingerprint,
        }),
      )
      .min(1)
      .max(1_000),
  });

const pagerduty = z.object({
  event: z.object({
    id: z.string().min(1).max(200),
    event_type: z.string().min(1).max(100),
    occurred_at: z.iso.datetime({ offset: true }),
    data: z.looseObject({
      id: z.string().max(200).optional(),
      title: z.string().max(4_000).default(''),
      urgency: z.string().max(100).optional(),
      service: z.object({ id: z.string().max(200), summary: z.string().max(1_000).default('') }).optional(),
      priority: z.object({ summary: z.string().max(100).default('') }).nullish(),
    }),
  }),
});

const generic = z.strictObject({
  status: state.default('firing'),
  labels: labels.refine((given) => Object.keys(given).length > 0, 'expected at least one label'),
  fingerprint: fingerprint.optional(),
  since: z.string().max(64).default(''),
  summary: z.string().max(4_000).default(''),
});

/** The forms of the four kinds; the OpenAPI document is made of them. */
export const PAYLOADS = { alertmanager: group('4'), grafana: group('1'), pagerduty, generic } as const;

/** PagerDuty tries for hours to deliver what it could not; older than this, it is told again by a person. In milliseconds. */
export const OLDEST_EVENT_MS = 60 * 60_000;

/** Read the body of a webhook. Throws 400 with what is wrong, 401 for an event that is too old. */
export function readDelivery(kind: Source['kind'], body: Buffer, nowMs: number): Delivery {
  const value = parse(body);
  switch (kind) {
    case 'alertmanager':
    case 'grafana':
      return { alerts: ofGroup(read(kind, PAYLOADS[kind], value)), id: '' };
    case 'pagerduty':
      return ofPagerduty(read(kind, pagerduty, value), nowMs);
    case 'generic':
      return { alerts: [ofGeneric(read(kind, generic, value))], id: '' };
  }
}

export function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw malformed('the body is not JSON', 'Send one JSON object, encoded as UTF-8.');
  }
}

/** Also of other routes. Of what was sent only the names of keys are quoted back. Throws 400. */
export function read<Schema extends z.ZodType>(what: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 3).map(({ path, message }) => {
    const where = path.length > 0 ? `${path.map(String).join('.').slice(0, 100)}: ` : '';
    return `${where}${message.slice(0, 200)}`.replaceAll(/[\p{C}\s]+/gu, ' ');
  });
  throw malformed(`the body is not what ${what} sends: ${faults.join('; ')}`, 'Compare it with docs/gateway.md.');
}

const ofGroup = ({ alerts }: z.output<ReturnType<typeof group>>): Alert[] =>
  alerts.map(({ status, labels, annotations, startsAt, fingerprint }) => ({
    state: status,
    fingerprint,
    since: startsAt,
    labels,
    summary: annotations['summary'] ?? annotations['description'] ?? '',
  }));

const FIRES = ['incident.triggered', 'incident.reopened'];

/** An incident that is neither opened nor closed (acknowledged, `pagey.ping` of a test) says nothing to us. */
function ofPagerduty({ event }: z.output<typeof pagerduty>, nowMs: number): Delivery {
  const { id, event_type: type, occurred_at: at, data } = event;
  if (nowMs - Date.parse(at) > OLDEST_EVENT_MS)
    throw notAuthenticated('this event happened more than an hour ago', 'Open the incident again if it still stands.');
  const state = FIRES.includes(type) ? 'firing' : type === 'incident.resolved' ? 'resolved' : null;
  const given = {
    alertname: data.title,
    incident: data.id,
    urgency: data.urgency,
    service: data.service?.id,
    service_name: data.service?.summary,
    priority: data.priority?.summary,
  };
  const labels = Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const alert = { fingerprint: data.id ?? id, since: '', labels, summary: '' };
  return { id, alerts: state === null ? [] : [{ ...alert, state }] };
}

function ofGeneric({ status, labels, fingerprint, since, summary }: z.output<typeof generic>): Alert {
  const known = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    state: status,
    fingerprint: fingerprint ?? createHash('sha256').update(known).digest('hex').slice(0, 32),
    since,
    labels,
    summary,
  };
}
