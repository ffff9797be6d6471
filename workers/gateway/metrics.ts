import { Counter, Histogram, Registry } from 'prom-client';

/** What the gateway counts, for Prometheus. Labels have few values: names of the inventory, routes and codes, never what was sent. */
export function openMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    requests: new Counter({
      name: 'runbook_gateway_requests_total',
      help: 'Requests answered, by route and status code.',
      labelNames: ['route', 'code'],
      registers,
    }),
    alerts: new Counter({
      name: 'runbook_gateway_alerts_total',
      help: 'Alerts received, by source and what became of them.',
      labelNames: ['source', 'outcome'],
      registers,
    }),
    starting: new Histogram({
      name: 'runbook_gateway_start_seconds',
      help: 'From the request to the moment when Temporal has the run.',
      labelNames: ['source'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
  };
}
export type Metrics = ReturnType<typeof openMetrics>;
