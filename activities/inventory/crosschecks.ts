import { type Contradiction, repeated } from './contradictions';
import { type Path } from './findings';
import { type TlsPolicy } from '../../workflows/decisions/cluster';
import { contradictionsOfGateway } from './gateway';
import { type WrittenInventory } from './schema';
import { didYouMean } from './suggest';
import { whoMay } from '../../workflows/decisions/approvals';
import { ORDERS } from '../../workflows/inputs';

export function contradictionsOf(inventory: WrittenInventory): Contradiction[] {
  const clusters = Object.entries(inventory.clusters);
  const instances = clusters.flatMap(([cluster, { instances }]) =>
    instances.map((instance, index) => ({ ...instance, path: ['clusters', cluster, 'instances', index] })),
  );
  return [
    ...repeated(
      inventory.people.map(({ name }, index) => ({
        value: name.trim().toLowerCase(),
        path: ['people', index, 'name'],
      })),
      (first) => `this name is taken by ${first} — list every person once`,
    ),
    ...repeated(
      inventory.people.flatMap(({ slack }, index) =>
        slack === undefined ? [] : [{ value: slack, path: ['people', index, 'slack'] }],
      ),
      (first) => `this Slack user is ${first} already — list every person once`,
    ),
    ...clusters.flatMap(([cluster, written]) =>
      ofApprovals(written, inventory.people, ['clusters', cluster, 'approvals']),
    ),
    ...repeated(
      (inventory.encryption?.keys ?? []).map(({ id }, index) => ({
        value: id,
        path: ['encryption', 'keys', index, 'id'],
      })),
      (first) => `this id is taken by ${first} — give every key an id of its own, never used before`,
    ),
    ...unknownClusters(inventory),
    ...clusters.flatMap(([cluster, { instances, routers, tls, applications = [] }]) => [
      ...repeated(
        instances.map(({ name }, index) => ({ value: name, path: ['clusters', cluster, 'instances', index, 'name'] })),
        (first) => `this name is taken by ${first} — give every instance of a cluster its own name`,
      ),
      ...repeated(
        routers.flatMap(({ name }, index) =>
          name === undefined ? [] : [{ value: name, path: ['clusters', cluster, 'routers', index, 'name'] }],
        ),
        (first) => `this name is taken by ${first} — give every router of a cluster its own name`,
      ),
      ...repeated(
        applications.map(({ name }, index) => ({
          value: name,
          path: ['clusters', cluster, 'applications', index, 'name'],
        })),
        (first) => `this name is taken by ${first} — give every application of a cluster its own name`,
      ),
      ...routers.flatMap((router, index) => {
        const at: Path = ['clusters', cluster, 'routers', index];
        return [...ofRouter(router, at), ...(router.kind === 'proxysql' ? ofTls(router.tls, [...at, 'tls']) : [])];
      }),
      ...ofTls(tls, ['clusters', cluster, 'tls']),
    ]),
    ...clusters.flatMap(([cluster, { drill, drillable }]) =>
      drill?.mode === 'kill' && drillable !== true
        ? [
            {
              path: ['clusters', cluster, 'drill', 'mode'],
              message:
                'the primary of this cluster may not be killed — write drillable: true beside drill, or mode: planned',
            },
          ]
        : [],
    ),
    ...clusters.flatMap(([cluster, { upgrade, instances: known }]) =>
      (upgrade?.green ?? []).flatMap((name, index) =>
        known.some((one) => one.name === name)
          ? []
          : [
              {
                path: ['clusters', cluster, 'upgrade', 'green', index],
                message: `no instance of this cluster has this name${didYouMean(
                  name,
                  known.map((one) => one.name),
                )} — declare it under instances`,
              },
            ],
      ),
    ),
    ...repeated(
      inventory.schedules.map(({ name }, index) => ({ value: name, path: ['schedules', index, 'name'] })),
      (first) => `this name is taken by ${first} — give every schedule its own name`,
    ),
    ...inventory.schedules.flatMap((schedule, index) => ofSchedule(schedule, inventory, ['schedules', index])),
    ...contradictionsOfGateway(inventory),
    // Over all clusters: two clusters that share a server would each promote and fence it as they see fit.
    ...repeated(
      instances.map(({ host, port, path }) => ({ value: `${host.toLowerCase()}:${port}`, path: [...path, 'port'] })),
      (first) => `this host and port are those of ${first} — list every server once`,
    ),
  ];
}

/** A schedule that cannot start its runbook would be found at the first run, which may be a month away. */
function ofSchedule(
  { runbook, input }: WrittenInventory['schedules'][number],
  { clusters }: WrittenInventory,
  path: Path,
): Contradiction[] {
  const order = ORDERS[runbook];
  const runbooks = Object.keys(ORDERS);
  if (!order)
    return [
      {
        path: [...path, 'runbook'],
        message: `there is no runbook of this name${didYouMean(runbook, runbooks)} — write one of ${runbooks.join(', ')}`,
      },
    ];
  const { cluster } = input;
  const names = Object.keys(clusters);
  if (typeof cluster === 'string' && !names.includes(cluster))
    return [
      {
        path: [...path, 'input', 'cluster'],
        message: `there is no cluster of this name${didYouMean(cluster, names)} — write one of ${names.join(', ')}`,
      },
    ];
  const [issue] = order.safeParse(input).error?.issues ?? [];
  if (!issue) return [];
  return [
    {
      path: [...path, 'input', ...issue.path],
      message: `${runbook} does not take this: ${issue.message} — compare it with \`runbook start ${runbook}\``,
    },
  ];
}

/** A channel for a cluster that does not exist would never be told anything, without a word. */
function unknownClusters({ clusters, notifications, slack }: WrittenInventory): Contradiction[] {
  const named = [
    ...notifications.flatMap(({ clusters: names }, index) =>
      (names ?? []).map((name, at) => ({ name, path: ['notifications', index, 'clusters', at] })),
    ),
    ...Object.keys(slack?.channels ?? {}).map((name) => ({ name, path: ['slack', 'channels', name] })),
  ];
  const known = Object.keys(clusters);
  return named
    .filter(({ name }) => !known.includes(name))
    .map(({ name, path }) => ({
      path,
      message: `there is no cluster of this name${didYouMean(name, known)} — known here: ${known.join(', ')}`,
    }));
}

type WrittenCluster = WrittenInventory['clusters'][string];

/** A question that nobody can answer would be found on the worst night. */
function ofApprovals(
  { approvals, failover }: WrittenCluster,
  people: WrittenInventory['people'],
  path: Path,
): Contradiction[] {
  const { groups, needed, escalateMinutes, silence } = approvals;
  const unknown = groups.flatMap((group, index) =>
    whoMay(people, 'approver', [group]).length > 0
      ? []
      : [
          {
            path: [...path, 'groups', index],
            message: 'no approver is of this group — write group: at those people who are, or drop it here',
          },
        ],
  );
  const voters = whoMay(people, 'approver', groups);
  return [
    ...unknown,
    ...(people.length > 0 && unknown.length === 0 && voters.length < needed
      ? [
          {
            path: [...path, 'needed'],
            message: `only ${voters.length} may approve: ${voters.join(', ') || 'nobody'} — give more people the role approver, or ask for fewer`,
          },
        ]
      : []),
    ...(escalateMinutes !== undefined && groups.length < 2
      ? [{ path: [...path, 'escalateMinutes'], message: 'there is no next group — name two groups or more' }]
      : []),
    ...(escalateMinutes !== undefined && silence !== 'next group' && escalateMinutes >= failover.approvalMinutes
      ? [
          {
            path: [...path, 'escalateMinutes'],
            message: `the question is closed by then — write less than approvalMinutes (${failover.approvalMinutes})`,
          },
        ]
      : []),
  ];
}

type WrittenRouter = WrittenCluster['routers'][number];

function ofRouter(router: WrittenRouter, path: Path): Contradiction[] {
  if (router.kind === 'dns') return outOfZone(router, path);
  if (router.kind !== 'proxysql' || router.readers !== router.writers) return [];
  return [
    {
      path: [...path, 'readers'],
      message: 'reads would go to the hostgroup of the writers — give each a hostgroup of its own, or drop readers',
    },
  ];
}

function ofTls({ mode, ca, certificate, key }: TlsPolicy, path: Path): Contradiction[] {
  const found: Contradiction[] = [];
  if (ca !== undefined && !mode.startsWith('verify'))
    found.push({ path: [...path, 'ca'], message: 'ca is used only with mode verify — add mode: verify, or drop ca' });
  if ((certificate === undefined) !== (key === undefined))
    found.push({
      path: [...path, certificate === undefined ? 'key' : 'certificate'],
      message: 'certificate and key belong together — write both, or neither',
    });
  return found;
}

interface DnsNames {
  readonly zone: string;
  readonly writeName: string;
  readonly readName?: string;
}

/** An update reaches one zone, and two names for one thing would undo each other. */
function outOfZone({ zone, writeName, readName }: DnsNames, path: Path): Contradiction[] {
  const [inside, writes, reads] = [zone, writeName, readName].map((name) => name?.toLowerCase());
  const names = { writeName: writes, ...(reads !== undefined && { readName: reads }) };
  return [
    ...Object.entries(names)
      .filter(([, name]) => name !== inside && !name?.endsWith(`.${inside ?? ''}`))
      .map(([setting]) => ({
        path: [...path, setting],
        message: 'this name is not in the zone of this router — write the whole name, or correct the zone',
      })),
    ...(reads === writes
      ? [
          {
            path: [...path, 'readName'],
            message: 'this is the name for writes — give reads a name of their own, or drop the line',
          },
        ]
      : []),
  ];
}
