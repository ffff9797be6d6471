import { resolve } from 'node:path';
import { labelsIn } from '../../workflows/decisions/alerts';
import { type SecretReference } from '../../workflows/decisions/cluster';
import { personNamed } from '../../workflows/decisions/people';
import { type Contradiction, repeated } from './crosschecks';
import { type WrittenGateway } from './gateway-schema';
import { type WrittenInventory } from './schema';

/** The gateway as the program sees it: paths absolute. */
export type Gateway = WrittenGateway;
export type Source = Gateway['sources'][number];
export type SourceAuth = Source['auth'];

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

/** What shows only when the gateway, the people and the clusters are seen together. */
export function contradictionsOfGateway({ gateway, people, clusters }: WrittenInventory): Contradiction[] {
  if (!gateway) return [];
  const { listen, tls, plainText, sources, callers } = gateway;
  return [
    ...(!LOOPBACK.test(listen.host) && tls === undefined && !plainText
      ? [
          {
            path: ['gateway', 'listen'],
            message:
              'tokens would cross the network in plain text — add tls, or plainText: true where a proxy in front has it',
          },
        ]
      : []),
    ...repeated(
      sources.map(({ name }, index) => ({ value: name, path: ['gateway', 'sources', index, 'name'] })),
      (first) => `this name is taken by ${first} — give every source its own name`,
    ),
    ...sources.flatMap((source, index) => ofSource(source, ['gateway', 'sources', index], gateway, clusters)),
    ...repeated(
      callers.map(({ person }, index) => ({
        value: person.trim().toLowerCase(),
        path: ['gateway', 'callers', index, 'person'],
      })),
      (first) => `this person has a token as ${first} — list every caller once`,
    ),
    ...callers.flatMap(({ person }, index) =>
      personNamed(people, person)
        ? []
        : [
            {
              path: ['gateway', 'callers', index, 'person'],
              message: 'nobody of this name stands under people — list the person there, with roles',
            },
          ],
    ),
  ];
}

function ofSource(
  { kind, auth, rules }: Source,
  path: Contradiction['path'],
  { tls }: Gateway,
  clusters: WrittenInventory['clusters'],
): Contradiction[] {
  return [
    ...(kind === 'alertmanager' && auth.kind === 'hmac'
      ? [{ path: [...path, 'auth'], message: 'Alertmanager does not sign what it sends — use kind: bearer or mtls' }]
      : []),
    ...(auth.kind === 'mtls' && tls?.clientCa === undefined
      ? [{ path: [...path, 'auth'], message: 'no authority of clients is known — add gateway.tls.clientCa' }]
      : []),
    ...rules.flatMap(({ cluster }, index) =>
      labelsIn(cluster).length === 0 && !Object.hasOwn(clusters, cluster)
        ? [
            {
              path: [...path, 'rules', index, 'cluster'],
              message: `there is no cluster of this name — known here: ${Object.keys(clusters).join(', ')}`,
            },
          ]
        : [],
    ),
  ];
}

export function settleGateway(
  gateway: WrittenGateway,
  folder: string,
  absolute: (reference: SecretReference) => SecretReference,
): Gateway {
  const { tls, metrics, ...rest } = gateway;
  const absoluteAuth = (auth: SourceAuth): SourceAuth => {
    if (auth.kind === 'bearer') return { ...auth, token: absolute(auth.token) };
    return auth.kind === 'hmac' ? { ...auth, secret: absolute(auth.secret) } : auth;
  };
  return {
    ...rest,
    sources: rest.sources.map((source) => ({ ...source, auth: absoluteAuth(source.auth) })),
    callers: rest.callers.map((caller) => ({ ...caller, token: absolute(caller.token) })),
    ...(metrics && { metrics: { token: absolute(metrics.token) } }),
    ...(tls && {
      tls: {
        certificate: resolve(folder, tls.certificate),
        key: resolve(folder, tls.key),
        ...(tls.clientCa !== undefined && { clientCa: resolve(folder, tls.clientCa) }),
      },
    }),
  };
}

/** Every secret that the gateway is given. */
export const secretsOfGateway = ({ sources, callers, metrics }: Gateway): SecretReference[] => [
  ...sources.flatMap(({ auth }) => (auth.kind === 'bearer' ? [auth.token] : auth.kind === 'hmac' ? [auth.secret] : [])),
  ...callers.map(({ token }) => token),
  ...(metrics ? [metrics.token] : []),
];
