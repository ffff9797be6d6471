import { type FastifyRequest } from 'fastify';
import { type GatewayDeps } from './app';
import { tooMany } from './refusals';

/** So many requests within a minute as the inventory allows now, of one address; `of` tells apart what one address asks for. */
export const perMinute = (
  { inventory }: GatewayDeps,
  of: (request: FastifyRequest) => Promise<string> | string = () => '',
) => ({
  rateLimit: {
    max: async () => (await inventory()).gateway?.perMinute ?? 0,
    timeWindow: 60_000,
    keyGenerator: async (request: FastifyRequest) => `${request.ip} ${await of(request)}`,
    errorResponseBuilder: (_: FastifyRequest, { ttl }: { readonly ttl: number }) =>
      tooMany(Math.ceil(ttl / 1000))(
        'too many requests came from this address within a minute',
        'Send it again later.',
      ),
  },
});
