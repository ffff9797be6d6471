import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Keeps what is posted to it. `reply` decides the answer; `hang` never gives one, `lose` takes it and cuts. */
export class HttpReceiver {
  readonly received: Received[] = [];
  reply: (received: Received) => Reply | 'hang' | 'lose' = () => ({ status: 200 });
  #server: Server | null = null;
  #sockets = new Set<Socket>();

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const one = { path: request.url ?? '', headers: request.headers, body };
        const reply = this.reply(one);
        this.received.push(one);
        if (reply === 'hang') return;
        if (reply === 'lose') return void request.socket.destroy();
        response.writeHead(reply.status, reply.headers).end(reply.body);
      });
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }
}

/** PagerDuty's Events API v2, as documented: checks the event, keeps one incident per dedup key. Source: developer.pagerduty.com. */
export class PagerDutyStandIn extends HttpReceiver {
  readonly routingKey = 'R0UT1NGKEY0123456789ABCDEF012345';
  readonly incidents = new Map<
    string,
    { state: 'triggered' | 'acknowledged' | 'resolved'; summary: string; severity: string }
  >();
  override reply = ({ path, body }: Received): Reply => {
    if (path !== '/v2/enqueue') return { status: 404 };
    const event = JSON.parse(body) as {
      routing_key?: string;
      event_action?: string;
      dedup_key?: string;
      payload?: { summary?: string; source?: string; severity?: string };
    };
    const { payload, dedup_key: key = '' } = event;
    const errors = [
      ...(event.routing_key?.length === 32 ? [] : ["Length of 'routing_key' is incorrect (should be 32 characters)"]),
      ...(key.length <= 255 ? [] : ["'dedup_key' is too long"]),
      ...(event.event_action !== 'trigger' || (payload?.summary && payload.source)
        ? []
        : ["'payload.summary' is missing or blank"]),
      ...((payload?.summary?.length ?? 0) <= 1_024 ? [] : ["'payload.summary' is too long"]),
      ...(payload === undefined || ['critical', 'error', 'warning', 'info'].includes(payload.severity ?? '')
        ? []
        : ["'payload.severity' is invalid"]),
    ];
    if (errors.length > 0)
      return {
        status: 400,
        body: JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors }),
      };
    const open = this.incidents.get(key);
    if (event.event_action === 'trigger')
      this.incidents.set(key, {
        state: 'triggered',
        summary: payload?.summary ?? '',
        severity: payload?.severity ?? '',
      });
    else if (open) open.state = event.event_action === 'acknowledge' ? 'acknowledged' : 'resolved';
    return { status: 202, body: JSON.stringify({ status: 'success', message: 'Event processed', dedup_key: key }) };
  };
}
