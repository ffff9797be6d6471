import { type Cluster } from '../cluster';
import { type RouterView } from '../evidence';
import { lingering } from '../lingering';
import { type Finding, type Rule } from './finding';

/** A router that cannot be read, leads elsewhere, or chooses for itself keeps clients from the next primary. */
export const routing: Rule = ({ cluster, routers, primary }) => [
  ...routers.flatMap((router) => judge(router, primary, isName(cluster, router.router))),
  ...lingering(cluster, routers)
    .filter(({ seconds, declaredSeconds }) => seconds > declaredSeconds)
    .map(({ router, seconds, declaredSeconds }): Finding => ({
      instance: router,
      severity: 'bad',
      what: `its record has a TTL of ${seconds} s, and the inventory promises ${declaredSeconds}`,
      why: 'so long resolvers lead clients to the old primary after a failover',
      fix: [`-- in the zone: set the TTL of the record to ${declaredSeconds}`],
      manual: MANUAL_OF_DNS,
    })),
];

const MANUAL_OF_DNS = 'docs/routers-dns.md';

const isName = ({ routers }: Cluster, name: string): boolean =>
  routers.some((router) => router.name === name && router.kind === 'dns');

function judge(
  { router, writers, misconfigured, because }: RouterView,
  primary: string | null,
  byName: boolean,
): Finding[] {
  const at = { instance: router, manual: byName ? MANUAL_OF_DNS : 'docs/routers.md' };
  if (writers === null)
    return [
      {
        ...at,
        severity: 'bad',
        what: because,
        why: 'a failover can neither fence the old primary by it nor send its clients to the new one',
        fix: misconfigured
          ? ['-- the router and the inventory must name the same servers, backends and hostgroups']
          : [],
      },
    ];
  if (primary !== null && !writers.includes(primary))
    return [
      {
        ...at,
        severity: 'bad',
        what: `it sends writes to ${writers.length > 0 ? writers.join(' and ') : 'no server'}, and ${primary} is the primary`,
        why: 'clients behind it cannot write, or write to the wrong server',
        fix: ['-- runbook start emergencyFailover: it points every router at the primary'],
      },
    ];
  if (writers.length < 2) return [];
  if (byName)
    return [
      {
        ...at,
        severity: 'bad',
        what: `its name for writes leads to ${writers.join(' and ')}`,
        why: 'clients take turns between them: some write to a server that is not the primary, or are told that it is read-only',
        fix: ['-- in the zone: delete every address of that name but the one of the primary'],
      },
    ];
  return [
    {
      ...at,
      severity: 'warn',
      what: `it may send writes to any of ${writers.join(', ')}, as its own health check finds`,
      why: 'until the first failover by a runbook, a replica that is writable by mistake, or an old primary that wakes up, gets clients',
      fix: [
        '-- HAProxy: keep all but the primary in maintenance, also in haproxy.cfg: `disabled` on their server lines; ProxySQL: one server in the hostgroup of the writers',
      ],
    },
  ];
}
