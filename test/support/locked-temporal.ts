import { once } from 'node:events';
import { type IncomingHttpHeaders } from 'node:http';
import { readFileSync } from 'node:fs';
import { connect, createSecureServer, constants, type ServerHttp2Stream, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo } from 'node:net';
import { type Certificate } from './certificates';

export interface LockedTemporal {
  readonly address: string;
  /** Requests that got through. */
  let(): number;
  close(): Promise<void>;
}

/**
 * A door with a lock in front of a development server, which has none of its own: TLS, a client certificate of `clientCa` where it is
 * given, and `Authorization: Bearer apiKey` where it is given, as Temporal Cloud asks for them.
 */
export async function lockTemporal(
  to: string,
  lock: Certificate & { readonly clientCa?: string; readonly apiKey?: string },
): Promise<LockedTemporal> {
  const onward = connect(`http://${to}`);
  let passed = 0;
  const server = createSecureServer({
    cert: readFileSync(lock.certificate),
    key: readFileSync(lock.key),
    ...(lock.clientCa !== undefined && {
      requestCert: true,
      rejectUnauthorized: true,
      ca: readFileSync(lock.clientCa),
    }),
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session.on('error', () => undefined)));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined);
    if (lock.apiKey !== undefined && headers['authorization'] !== `Bearer ${lock.apiKey}`) {
      stream.respond(
        {
          [constants.HTTP2_HEADER_STATUS]: 200,
          'content-type': 'application/grpc',
          'grpc-status': '16',
          'grpc-message': 'Request unauthorized.',
        },
        { endStream: true },
      );
      return;
    }
    passed += 1;
    const call = onward.request({ ...headers, [constants.HTTP2_HEADER_SCHEME]: 'http' });
    call.on('error', () => stream.close());
    let trailers: IncomingHttpHeaders = {};
    call.on('response', (answer, flags) => {
      const over = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (!stream.destroyed) stream.respond(answer, { waitForTrailers: !over, endStream: over });
    });
    call.on('trailers', (seen: IncomingHttpHeaders) => (trailers = seen));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => call.close());
    stream.pipe(call);
    call.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    let: () => passed,
    async close() {
      for (const session of sessions) session.destroy();
      onward.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
