import { type FastifyInstance } from 'fastify';
import { type Source } from '../../activities/inventory/gateway';
import { intentsOf, placeAlert } from '../../workflows/decisions/alerts';
import { type GatewayDeps } from './app';
import { authenticateBody, authenticateSender, type Check } from './authenticate';
import { type Desk, type Taken } from './desk';
import { perMinute } from './limit';
import { type Metrics } from './metrics';
import { type Delivery, OLDEST_EVENT_MS, readDelivery } from './payloads';
import { malformed, noSuchCluster } from './refusals';
import { openReplays } from './replays';

/** What a sender is told: what became of its alerts, cluster by cluster. */
export interface AlertsAnswer {
  readonly taken: readonly Taken[];
  /** Sentences about alerts that started nothing. */
  readonly ignored: readonly string[];
}

interface Intake {
  readonly deps: GatewayDeps;
  readonly desk: Desk;
  readonly metrics: Metrics;
  readonly check: Check;
}

const bodyOf = (body: unknown): Buffer => {
  if (Buffer.isBuffer(body) && body.length > 0) return body;
  throw malformed('there is no body', 'Send one JSON object with Content-Type: application/json.');
};

/** `POST /alerts/:source`: nothing is read before the sender is known, nothing is started before the whole body is understood. */
export function serveAlerts(app: FastifyInstance, intake: Intake): void {
  const { deps, check, metrics } = intake;
  const replays = openReplays<AlertsAnswer>(OLDEST_EVENT_MS, deps.now);
  const senders = new WeakMap<object, Source>();
  const sourceNamed = async (name: string) =>
    (await deps.inventory()).gateway?.sources.find((one) => one.name === name);

  app.post<{ Params: { source: string } }>(
    '/alerts/:source',
    {
      // A stranger who floods must not use up what a known sender may: each address counts for itself, and for each source.
      config: perMinute(
        deps,
        async ({ params }) => (await sourceNamed((params as { source: string }).source))?.name ?? '',
      ),
      // After the limit, so that guesses are counted, and before the body is read.
      preParsing: async (request) => {
        const source = await sourceNamed(request.params.source);
        senders.set(request, await authenticateSender(source, request.headers, request.raw.socket, check));
      },
    },
    async (request): Promise<AlertsAnswer> => {
      const begun = performance.now();
      const source = senders.get(request);
      if (!source) throw new Error('a request that nobody has authenticated');
      const body = bodyOf(request.body);
      const signature = await authenticateBody(source, request.headers, body, deps.now(), check);
      const delivery = readDelivery(source.kind, body, deps.now());
      const id = delivery.id || signature;
      const key = id === '' ? null : `${source.name} ${id}`;
      const before = key === null ? undefined : replays.answered(key);
      if (before) {
        metrics.alerts.inc({ source: source.name, outcome: 'repeated' }, delivery.alerts.length);
        return before;
      }
      const answer = await take(intake, source, delivery);
      if (key !== null) replays.keep(key, answer);
      metrics.starting.observe({ source: source.name }, (performance.now() - begun) / 1000);
      for (const { cluster, outcome, workflowId, runId } of answer.taken) {
        request.log.info({ source: source.name, cluster, outcome, runId }, 'alert taken');
        deps.audit?.({
          what: 'alert',
          door: 'http',
          by: source.name,
          workflow: workflowId,
          ...(runId !== null && { run: runId }),
          outcome,
          text: `an alert about ${cluster}`,
        });
      }
      for (const because of answer.ignored) request.log.info({ source: source.name, because }, 'alert ignored');
      return answer;
    },
  );
}

/** All of it is durable when this returns. One cluster that cannot be served now refuses the whole: the others join at the retry. */
async function take({ deps, desk, metrics }: Intake, source: Source, { alerts }: Delivery): Promise<AlertsAnswer> {
  const clusters = (await deps.inventory()).clusters.map(({ name }) => name);
  const placements = alerts.map((alert) => placeAlert(alert, source.rules, clusters));
  const count = (outcome: string, by = 1) => metrics.alerts.inc({ source: source.name, outcome }, by);
  const left = placements.flatMap((placement) => (placement.place === 'cluster' ? [] : [placement]));
  for (const { place } of left) count(place);
  const lost = left.find(({ place }) => place === 'nowhere');
  if (lost && left.length === placements.length)
    throw noSuchCluster(
      lost.because,
      `Correct the rules of ${source.name} in the inventory, or the labels of the alert.`,
    );

  const { starts, resolutions } = intentsOf(placements);
  const settled = await Promise.allSettled([
    ...starts.map(({ cluster, alert }) => desk.start(cluster, alert, source.name)),
    ...resolutions.map(({ cluster, alert }) => desk.resolve(cluster, alert, source.name)),
  ]);
  const taken = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  for (const { outcome } of taken) count(outcome);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) {
    count('failed', settled.length - taken.length);
    throw failed.reason;
  }
  return { taken, ignored: left.map(({ because }) => because) };
}
