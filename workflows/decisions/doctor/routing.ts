import { type RouterView } from '../evidence';
import { type Finding, type Rule } from './finding';

/** A router that cannot be read, leads elsewhere, or chooses for itself keeps clients from the next primary. */
export const routing: Rule = ({ routers, primary }) => routers.flatMap((router) => judge(router, primary));

function judge({ router, writers, misconfigured, because }: RouterView, primary: string | null): Finding[] {
  const at = { instance: router, manual: 'docs/routers.md' };
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
