import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyError, type FastifyInstance, LogController } from 'fastify';
import { RunbookError } from '../../activities/errors';
import { serveAlerts } from './alerts';
import { bearerOf, openChecks, same, stranger } from './authenticate';
import { bounded, openDesk } from './desk';
import { type GatewayDeps } from './deps';
import { archiveMetrics } from './archive-metrics';
import { backupMetrics } from './backup-metrics';
import { openMetrics } from './metrics';
import { bodyOf, malformed, notFound, notJson, Refusal, tooLarge, unavailable } from './refusals';
import { serveRuns } from './runs';
import { serveSlack } from './slack';

const LARGEST_BODY = 1024 * 1024;
/** Slower than this and a request is given up: a sender that drips bytes must not hold a connection. In milliseconds. */
const REQUEST_MS = 10_000;

/** The HTTP service, not yet listening. Every route but the two of health wants a proof of who asks. */
export async function buildGateway(deps: GatewayDeps): Promise<FastifyInstance> {
  const { tls } = deps;
  const app = Fastify({
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: LARGEST_BODY,
    requestTimeout: REQUEST_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    // A certificate is asked of everybody and needed where the source says so (authenticate.ts).
    ...(tls
      ? { https: { ...tls, minVersion: 'TLSv1.2', requestCert: tls.ca !== undefined, rejectUnauthorized: false } }
      : {}),
  }) as unknown as FastifyInstance;
  const metrics = openMetrics();
  const lookAtArchives = archiveMetrics(metrics.registry, deps.inventory, deps.client);
  const lookAtBackups = backupMetrics(
    metrics.registry,
    deps.inventory,
    (reference) => deps.secrets.resolve(reference),
    deps.now,
  );
  const check = openChecks(deps.secrets);

  app.removeAllContentTypeParsers();
  // Signatures are of the bytes: parsing comes after them.
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.setErrorHandler((error: FastifyError | Refusal, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.status >= 500)
      request.log.error({ route: request.routeOptions.url, error: refusal.cause ?? error }, refusal.message);
    if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', refusal.retryAfterSeconds);
    return reply.code(refusal.status).send(bodyOf(refusal));
  });
  app.setNotFoundHandler(() => {
    throw notFound('there is nothing at this address', 'Addresses and methods are in docs/gateway.md.');
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    metrics.requests.inc({ route, code: reply.statusCode });
    if (reply.statusCode >= 400)
      request.log.warn(
        { route, status: reply.statusCode, from: request.ip, ms: Math.round(reply.elapsedTime) },
        'refused',
      );
  });
  await app.register(rateLimit, { global: false });

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    await bounded(deps.client, () =>
      deps.client.workflowService.describeNamespace({ namespace: deps.client.options.namespace }),
    );
    return { status: 'ready' };
  });
  app.get('/metrics', async (request, reply) => {
    const token = (await deps.inventory()).gateway?.metrics?.token;
    if (!token || !(await check(token, (known) => same(known, bearerOf(request.headers))))) throw stranger();
    await Promise.all([lookAtArchives(), lookAtBackups()]);
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  serveAlerts(app, { deps, desk: openDesk(deps.client, deps.now), metrics, check });
  serveRuns(app, deps, check);
  serveSlack(app, deps);
  return app;
}

function refusalOf(error: FastifyError | Refusal): Refusal {
  if (error instanceof Refusal) return error;
  switch (error.statusCode) {
    case 413:
      return tooLarge('the body is larger than 1 MiB', 'Send fewer alerts at once (max_alerts of Alertmanager).');
    case 415:
      return notJson('the body is not declared as JSON', 'Send Content-Type: application/json.');
    case undefined:
      break;
    default:
      if (error.statusCode < 500) return malformed('the request is not understood', 'Compare it with docs/gateway.md.');
  }
  const refusal = unavailable('the gateway failed in an unforeseen way', 'Send it again; its log says what happened.');
  refusal.cause = error instanceof RunbookError ? `${error.message}. ${error.hint}` : error;
  return refusal;
}
