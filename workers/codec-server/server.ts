import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Payload, type PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { RunbookError } from '../../activities/errors';

export interface CodecServerSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** Pages that may ask, by origin. */
  readonly origins: readonly string[];
  readonly codec: PayloadCodec;
  /** May whoever shows this bearer token ('' when none was shown) see what is encrypted? */
  readonly admits: (token: string) => Promise<boolean>;
}

const MAX_BYTES = 16 * 1024 * 1024;
const ASK_AGAIN_SECONDS = '600';
const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));
const request = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), base64).default({}), data: base64.optional() })),
});

/**
 * Temporal's codec protocol: `POST /encode` and `/decode`, also below a namespace's name, for the Web UI and the Temporal CLI. Answers
 * 401 without a token that is admitted, 403 to pages of other origins, 400 to what is no list of payloads or cannot be decrypted.
 * Source: Temporal documentation, "Codec Server".
 */
export async function startCodecServer(settings: CodecServerSettings): Promise<Server> {
  const server = createServer((asked, answer) => {
    serve(settings, asked, answer).catch(() => refuse(answer, 500, 'the codec server failed; see its log'));
  });
  server.requestTimeout = 10_000;
  server.listen(settings.listen.port, settings.listen.host);
  await once(server, 'listening');
  return server;
}

async function serve(settings: CodecServerSettings, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { origin } = asked.headers;
  if (origin !== undefined) {
    if (!settings.origins.includes(origin)) {
      refuse(answer, 403, 'pages of this origin may not ask: list it under encryption.codecServer.origins');
      return;
    }
    answer.setHeader('Access-Control-Allow-Origin', origin);
    answer.setHeader('Access-Control-Allow-Credentials', 'true');
    answer.setHeader('Vary', 'Origin');
  }
  const which = /^(?:\/[^/]+)?\/(encode|decode)$/.exec(asked.url?.split('?')[0] ?? '')?.[1];
  if (which === undefined) {
    refuse(answer, 404, 'there is only POST /encode and POST /decode');
    return;
  }
  if (asked.method === 'OPTIONS') {
    answer.setHeader('Access-Control-Allow-Methods', 'POST');
    answer.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, X-Namespace');
    answer.setHeader('Access-Control-Max-Age', ASK_AGAIN_SECONDS);
    answer.writeHead(204).end();
    return;
  }
  if (asked.method !== 'POST') {
    refuse(answer, 405, 'there is only POST /encode and POST /decode');
    return;
  }
  const token = /^Bearer (.+)$/i.exec(asked.headers.authorization ?? '')?.[1] ?? '';
  if (!(await settings.admits(token))) {
    answer.setHeader('WWW-Authenticate', 'Bearer');
    refuse(answer, 401, 'show the token of encryption.codecServer as Authorization: Bearer …');
    return;
  }
  const read = request.safeParse(await bodyOf(asked));
  if (!read.success) {
    refuse(answer, 400, 'expected {"payloads": [{"metadata": {"encoding": BASE64}, "data": BASE64}]}');
    return;
  }
  try {
    const payloads = await settings.codec[which as 'encode' | 'decode'](read.data.payloads as Payload[]);
    answer
      .writeHead(200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify({ payloads: payloads.map(asJson) }));
  } catch (error) {
    if (!(error instanceof RunbookError)) throw error;
    refuse(answer, 400, `${error.message}. ${error.hint}`);
  }
}

const asJson = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});

/** Undefined when it is too long or no JSON. */
async function bodyOf(asked: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of asked as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function refuse(answer: ServerResponse, status: number, message: string): void {
  if (answer.headersSent) answer.destroy();
  else answer.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ message }));
}
