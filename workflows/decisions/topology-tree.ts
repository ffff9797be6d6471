import { address, type Cluster, instanceNamed } from './cluster';
import { findErrant } from './errant';
import { type RouterView } from './evidence';
import { channelOf, type ClusterSnapshot, type InstanceFacts, type Member, readable } from './facts';
import { count, emptyGtidSet, parseGtidSet, subtract, union } from './gtid-set';
import { primaryOf, sourceOf } from './topology';

/** The tree of one cluster for programs (`--json`) and for the drawing. */
export interface Topology {
  readonly cluster: string;
  readonly takenAt: string;
  readonly primary: string | null;
  readonly because: string;
  /** The primary first, then whatever hangs below nobody: detached, unreadable, rivals. */
  readonly roots: readonly TopologyNode[];
}

export interface TopologyNode {
  readonly name: string;
  readonly address: string;
  readonly datacentre: string;
  readonly role: 'primary' | 'replica' | 'intermediate source' | 'detached' | 'unreadable';
  readonly version: string | null;
  readonly writes: 'open' | 'read_only' | 'super_read_only' | null;
  /** Age of the newest heartbeat row applied here; null without heartbeat table, and on the primary. */
  readonly lagMs: number | null;
  /** Transactions of the primary not executed here; while it cannot be read, of all that any member holds. null on the primary. */
  readonly behind: number | null;
  readonly errant: string;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly replicas: readonly TopologyNode[];
}

export function describeTopology(snapshot: ClusterSnapshot, cluster: Cluster): Topology {
  const { primary, because } = primaryOf(snapshot, cluster);
  const errant = new Map(
    primary === null ? [] : findErrant(snapshot, primary).map((finding) => [finding.replica, finding]),
  );
  const head = readable(snapshot.members).find(({ name }) => name === primary);
  const everything = head
    ? parseGtidSet(head.gtid.executed)
    : readable(snapshot.members).map(holds).reduce(union, emptyGtidSet);
  const drawn = new Set<string>();

  const describe = (member: Member): TopologyNode => {
    drawn.add(member.name);
    const replicas = readable(snapshot.members)
      .filter(
        (other) =>
          other.name !== primary && !drawn.has(other.name) && sourceOf(snapshot.members, other)?.name === member.name,
      )
      .map(describe);
    const instance = instanceNamed(cluster, member.name);
    const place = { name: member.name, address: address(member), datacentre: instance?.datacentre ?? '', replicas };
    const promotion = instance && instance.promotion !== 'neutral' ? [`promotion: ${instance.promotion}`] : [];
    if (!member.readable) {
      const problems = [`${member.reason}: ${member.detail}`];
      return {
        ...place,
        role: 'unreadable',
        version: null,
        writes: null,
        lagMs: null,
        behind: null,
        errant: '',
        problems,
        notes: promotion,
      };
    }
    const isPrimary = member.name === primary;
    const own = errant.get(member.name);
    return {
      ...place,
      role: isPrimary
        ? 'primary'
        : !channelOf(member)
          ? 'detached'
          : replicas.length > 0
            ? 'intermediate source'
            : 'replica',
      version: member.version,
      writes: member.superReadOnly ? 'super_read_only' : member.readOnly ? 'read_only' : 'open',
      lagMs: isPrimary ? null : (member.heartbeat?.ageMs ?? null),
      behind: isPrimary ? null : count(subtract(everything, parseGtidSet(member.gtid.executed))),
      errant: own?.errant ?? '',
      problems: problemsOf(member, isPrimary, own?.errant ? own.because : undefined),
      notes: [...promotion, ...notesOf(member, isPrimary)],
    };
  };

  const top = snapshot.members.filter(({ name }) => name === primary);
  const loose = snapshot.members.filter(
    (member) => member.name !== primary && (!member.readable || !sourceOf(snapshot.members, member)),
  );
  const roots = [...top, ...loose].map(describe);
  // What is left copies in a circle: cut it anywhere rather than leave it out.
  for (const member of snapshot.members) if (!drawn.has(member.name)) roots.push(describe(member));
  return { cluster: snapshot.cluster, takenAt: snapshot.takenAt, primary, because, roots };
}

const holds = (member: InstanceFacts) =>
  [member.gtid.executed, ...member.channels.map(({ retrieved }) => retrieved)].map(parseGtidSet).reduce(union);

function problemsOf(member: InstanceFacts, isPrimary: boolean, errant: string | undefined): string[] {
  const problems: string[] = [];
  for (const channel of member.channels) {
    const { receiver, applier, receiverError, applierError } = channel;
    if (receiver !== 'running')
      problems.push(`receiver ${receiver}${receiverError ? `: ${receiverError.code} ${receiverError.message}` : ''}`);
    if (applier !== 'running')
      problems.push(`applier ${applier}${applierError ? `: ${applierError.code} ${applierError.message}` : ''}`);
  }
  if (!isPrimary && !member.readOnly) problems.push('takes writes (read_only is off)');
  if (!isPrimary && !channelOf(member)) problems.push('copies from nobody');
  if (errant !== undefined) problems.push(errant);
  return problems;
}

function notesOf(member: InstanceFacts, isPrimary: boolean): string[] {
  const notes: string[] = [];
  const channel = channelOf(member);
  if (channel && channel.delaySeconds > 0) notes.push(`delayed ${channel.delaySeconds} s`);
  if (isPrimary && member.epoch) notes.push(`epoch ${member.epoch.epoch}`);
  const { sourceActive, acknowledgers, sourceEnabled, replicaActive } = member.semiSync;
  if (isPrimary && sourceEnabled)
    notes.push(
      sourceActive ? `semi-sync, ${acknowledgers} acknowledge` : 'semi-sync fell back: commits wait for nobody',
    );
  if (!isPrimary && replicaActive) notes.push('acknowledges');
  return notes;
}

/** How the caller colours words; plain text when none is given. */
export type Paint = (kind: 'good' | 'bad' | 'dim' | 'strong', text: string) => string;
const plain: Paint = (_kind, text) => text;

/** The tree as text for a terminal, one line a member and one a problem below it. */
export function drawTopology(snapshot: ClusterSnapshot, cluster: Cluster, paint: Paint = plain): string {
  const { roots, because } = describeTopology(snapshot, cluster);
  const lines = [`${paint('strong', cluster.name)}  ${because}`];
  const draw = (node: TopologyNode, lead: string, below: string) => {
    lines.push(`${lead}${line(node, paint)}`);
    const open = node.replicas.length > 0 ? '│ ' : '  ';
    for (const problem of node.problems) lines.push(`${below}${open}  ${paint('bad', `! ${problem}`)}`);
    node.replicas.forEach((child, index) => {
      const last = index === node.replicas.length - 1;
      draw(child, `${below}${last ? '└─' : '├─'} `, `${below}${last ? '  ' : '│ '} `);
    });
  };
  for (const root of roots) draw(root, '', '');
  return lines.join('\n');
}

/** One line a router: where it sends writes. */
export function drawRouters(routers: readonly RouterView[], primary: string | null, paint: Paint = plain): string {
  return routers
    .map(({ router, writers, because }) => {
      const right = writers?.length === 1 && writers[0] === primary;
      const leads = writers === null ? because : `writes to ${writers.length > 0 ? writers.join(', ') : 'no server'}`;
      return `router ${router}  ${paint(right ? 'good' : 'bad', right ? leads : `! ${leads}`)}`;
    })
    .join('\n');
}

function line(node: TopologyNode, paint: Paint): string {
  const name = node.problems.length > 0 ? paint('bad', node.name) : paint('good', node.name);
  const lag = node.lagMs === null ? [] : [`lag ${duration(node.lagMs)}`];
  const behind = node.behind === null ? [] : [node.behind === 0 ? 'has all' : `${node.behind} transactions behind`];
  const where = node.datacentre === '' ? node.address : `${node.address} ${node.datacentre}`;
  const facts = [
    node.role,
    node.version ?? '',
    ...(node.writes ? [node.writes === 'open' ? 'writable' : node.writes] : []),
    ...lag,
    ...behind,
    ...node.notes,
  ];
  return `${name} ${paint('dim', `(${where})`)}  ${facts.filter((fact) => fact !== '').join(' · ')}`;
}

const duration = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
