import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { faultsOf } from './block-kit';
import { SlackFiles } from './files';
import { acceptSocket, type ServerSocket } from './web-socket';

interface Button {
  readonly action_id: string;
  readonly value: string;
}

export interface Kept {
  readonly ts: string;
  readonly channel: string;
  readonly thread: string | null;
  readonly broadcast: boolean;
  readonly metadata: unknown;
  text: string;
  attachments: { color?: string; blocks?: { type: string; elements?: Button[] }[] }[];
  edits: number;
}

export interface Whisper {
  readonly channel: string;
  readonly user: string;
  readonly text: string;
}

/**
 * How Slack misbehaves: `refuse` cuts every connection, `hang` accepts and never answers, `lose` does what it is told and then cuts,
 * `broken` answers 503, `limit` answers 429 while more than one message a second comes to a channel.
 */
export type Mood = 'well' | 'refuse' | 'hang' | 'lose' | 'broken' | 'limit';

/**
 * Slack's Web API as far as we use it, on this machine: checks tokens, channels, Block Kit and rate limits, keeps messages and threads,
 * signs button presses as Slack does, and speaks Socket Mode. Answers, also failures, have Slack's form (HTTP 200 with ok and error).
 */
export class SlackStandIn {
  readonly token = `xoxb-${randomBytes(8).toString('hex')}`;
  readonly appToken = `xapp-${randomBytes(8).toString('hex')}`;
  readonly signingSecret = randomBytes(16).toString('hex');
  readonly channels = new Set(['C0RUNBOOKS', 'C0PAYMENTS']);
  readonly messages: Kept[] = [];
  readonly whispers: Whisper[] = [];
  /** What it refused, with Slack's code. */
  readonly refusals: string[] = [];
  readonly calls: string[] = [];
  readonly files = new SlackFiles();
  readonly acknowledged: string[] = [];
  mood: Mood = 'well';
  /** Scopes that the app has. */
  scopes = new Set(['chat:write', 'channels:history', 'files:write']);
  #server: Server | null = null;
  #sockets = new Set<Socket>();
  #lines: ServerSocket[] = [];
  #sequence = 0;
  #postedAt = new Map<string, number>();

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket) => {
      const line = acceptSocket(request, socket, (text) => {
        const { envelope_id } = JSON.parse(text) as { envelope_id?: string };
        if (envelope_id) this.acknowledged.push(envelope_id);
      });
      this.#lines.push(line);
      line.send(
        JSON.stringify({ type: 'hello', num_connections: this.#lines.length, connection_info: { app_id: 'A0' } }),
      );
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}/api/`;
  }

  get connections(): number {
    return this.#lines.filter((line) => line.open).length;
  }

  /** The first message of the thread, and its replies. */
  thread(root: Kept): Kept[] {
    return this.messages.filter((one) => one.thread === root.ts);
  }

  get roots(): Kept[] {
    return this.messages.filter((one) => one.thread === null);
  }

  /** The request that Slack sends when somebody presses a button of this message. */
  press(message: Kept, actionId: string, user: { id: string; name: string }, nowMs = Date.now()) {
    const rawBody = new URLSearchParams({
      payload: JSON.stringify(this.interaction(message, actionId, user)),
    }).toString();
    const timestamp = String(Math.floor(nowMs / 1000));
    const signature = `v0=${createHmac('sha256', this.signingSecret).update(`v0:${timestamp}:${rawBody}`).digest('hex')}`;
    return { rawBody, timestamp, signature };
  }

  /** The same by Socket Mode. Returns the envelope's id. */
  pressBySocket(message: Kept, actionId: string, user: { id: string; name: string }): string {
    const envelope_id = randomBytes(8).toString('hex');
    const line = this.#lines.find(({ open }) => open);
    line?.send(
      JSON.stringify({
        envelope_id,
        type: 'interactive',
        accepts_response_payload: false,
        payload: this.interaction(message, actionId, user),
      }),
    );
    return envelope_id;
  }

  interaction(message: Kept, actionId: string, user: { id: string; name: string }) {
    const buttons = message.attachments.flatMap(({ blocks }) => blocks ?? []).filter(({ type }) => type === 'actions');
    const elements = buttons.flatMap(({ elements: own }) => own ?? []);
    const button = elements.find((one) => one.action_id === actionId);
    if (!button) throw new Error(`the message has no button ${actionId}`);
    return {
      type: 'block_actions',
      user: { id: user.id, username: user.name, name: user.name, team_id: 'T0' },
      api_app_id: 'A0',
      token: 'deprecated',
      container: { type: 'message', message_ts: message.ts, channel_id: message.channel, is_ephemeral: false },
      trigger_id: '1.2.3',
      team: { id: 'T0', domain: 'test' },
      channel: { id: message.channel, name: 'runbooks' },
      response_url: 'https://hooks.slack.com/actions/T0/1/x',
      actions: [{ ...button, block_id: 'b', type: 'button', action_ts: '1' }],
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = (request.url ?? '').split('/').at(-1) ?? '';
    this.calls.push(method);
    if (this.mood === 'refuse') return void request.socket.destroy();
    if (this.mood === 'hang') return;
    if (this.mood === 'broken') return void response.writeHead(503).end('upstream');
    const [body, type] = [await bodyOf(request), request.headers['content-type'] ?? ''];
    const upload = /\/upload\/v1\/(\w+)$/.exec(request.url ?? '')?.[1];
    if (upload !== undefined) {
      const status = this.files.take(upload, body, type);
      if (status !== 200) this.refusals.push('upload');
      if (this.mood === 'lose') return void request.socket.destroy();
      return void response.writeHead(status).end(status === 200 ? `OK - ${body.length}` : 'no');
    }
    const args = argumentsIn(body.toString(), type);
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? textOf(args['token']);
    const wait = this.#limited(method, textOf(args['channel']));
    if (wait > 0) {
      this.refusals.push('ratelimited');
      return void response
        .writeHead(429, { 'retry-after': String(wait) })
        .end(JSON.stringify({ ok: false, error: 'ratelimited' }));
    }
    const answer = this.#answer(method, args, token);
    if (answer['ok'] === false) this.refusals.push(String(answer['error']));
    if (this.mood === 'lose') return void request.socket.destroy();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  #nextTs(): string {
    return `${Math.floor(Date.now() / 1000)}.${String((this.#sequence += 1)).padStart(6, '0')}`;
  }

  #limited(method: string, channel: string): number {
    if (this.mood !== 'limit' || method !== 'chat.postMessage') return 0;
    const since = Date.now() - (this.#postedAt.get(channel) ?? 0);
    if (since < 1_000) return 1;
    this.#postedAt.set(channel, Date.now());
    return 0;
  }

  #answer(method: string, args: Record<string, unknown>, token: string): Record<string, unknown> {
    const refuse = (error: string, more: object = {}) => ({ ok: false, error, ...more });
    if (method === 'apps.connections.open')
      return token === this.appToken
        ? { ok: true, url: `${this.url.replace(/^http/, 'ws').replace(/api\/$/, '')}link/?ticket=1` }
        : refuse('invalid_auth');
    if (token === '') return refuse('not_authed');
    if (token !== this.token) return refuse('invalid_auth');
    if (method.startsWith('files.') && !this.scopes.has('files:write'))
      return refuse('missing_scope', { needed: 'files:write', provided: [...this.scopes].join(',') });
    if (method === 'files.getUploadURLExternal')
      return this.files.begin(args, (id) => this.url.replace(/api\/$/, `upload/v1/${id}`));
    const channel = textOf(args['channel'] ?? args['channel_id']);
    if (!this.channels.has(channel)) return refuse('channel_not_found');
    switch (method) {
      case 'chat.postMessage': {
        const faults = faultsOf(args);
        if (faults.length > 0) return refuse('invalid_blocks', { response_metadata: { messages: faults } });
        const thread = args['thread_ts'] === undefined ? null : textOf(args['thread_ts']);
        if (thread !== null && !this.messages.some(({ ts }) => ts === thread)) return refuse('thread_not_found');
        const ts = this.#nextTs();
        this.messages.push({
          ts,
          channel,
          thread,
          broadcast: String(args['reply_broadcast']) === 'true',
          metadata: args['metadata'],
          text: textOf(args['text']),
          attachments: (args['attachments'] ?? []) as Kept['attachments'],
          edits: 0,
        });
        return { ok: true, channel, ts };
      }
      case 'chat.update': {
        const faults = faultsOf(args);
        if (faults.length > 0) return refuse('invalid_blocks', { response_metadata: { messages: faults } });
        const message = this.messages.find((one) => one.channel === channel && one.ts === args['ts']);
        if (!message) return refuse('message_not_found');
        message.text = textOf(args['text']);
        message.attachments = (args['attachments'] ?? []) as Kept['attachments'];
        message.edits += 1;
        return { ok: true, channel, ts: message.ts };
      }
      case 'files.completeUploadExternal':
        return this.files.complete(args, this.#nextTs(), (root) => this.messages.some(({ ts }) => ts === root));
      case 'chat.postEphemeral':
        this.whispers.push({ channel, user: String(args['user']), text: String(args['text']) });
        return { ok: true, message_ts: '1.1' };
      case 'conversations.history':
      case 'conversations.replies': {
        if (!this.scopes.has('channels:history'))
          return refuse('missing_scope', { needed: 'channels:history', provided: 'chat:write' });
        const root = args['ts'];
        const seen = this.messages.filter(
          (one) =>
            one.channel === channel &&
            (method === 'conversations.history'
              ? one.thread === null || one.broadcast
              : one.thread === root || one.ts === root),
        );
        const withMetadata = String(args['include_all_metadata']) === 'true';
        const files = this.files.shared.filter((one) => one.channel === channel && one.thread === root);
        const listed = [
          ...seen.map(({ ts, text, metadata }) => ({ type: 'message', ts, text, ...(withMetadata && { metadata }) })),
          ...files.map(({ ts, name, title }) => ({ type: 'message', ts, text: '', files: [{ name, title }] })),
        ].filter(({ ts }) => Number(ts) >= Number(args['oldest'] ?? 0));
        // A page is small here, so that turning pages is tried too.
        const from = Number(args['cursor'] ?? 0);
        const next = from + 3 < listed.length ? String(from + 3) : '';
        return {
          ok: true,
          messages: listed.slice(from, from + 3),
          has_more: next !== '',
          response_metadata: { next_cursor: next },
        };
      }
      default:
        return refuse('unknown_method');
    }
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Forms, as the library sends them: what is no text is JSON there. */
function argumentsIn(body: string, type: string): Record<string, unknown> {
  if (type.includes('json')) return JSON.parse(body) as Record<string, unknown>;
  return Object.fromEntries(
    [...new URLSearchParams(body)].map(([name, value]) => [
      name,
      /^[[{]/.test(value) ? (JSON.parse(value) as unknown) : value,
    ]),
  );
}
