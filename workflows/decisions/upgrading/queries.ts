import { releaseNumber } from '../upgrade/releases';
import { scanText } from '../upgrade/text-scan';

/** One statement of the application, without its literals, as both releases carried it out. Durations are milliseconds. */
export interface TriedQuery {
  /** First characters of its digest: the same statement with other values has the same. */
  readonly digest: string;
  readonly schema: string;
  /** Normalised: every literal is a question mark. */
  readonly text: string;
  /** Who knew of it; left out: performance_schema. */
  readonly source?: 'slow log';
  readonly old: Tried;
  readonly new: Tried;
}

export type Tried =
  | {
      readonly ok: true;
      readonly ms: number;
      /** Tables in their order, as `orders:ref:by_customer`. */ readonly plan: readonly string[];
    }
  | {
      readonly ok: false;
      readonly error: string;
      /** `LIBRARY: write it in backquotes`, where the statement's text tells it. */
      readonly cure?: string;
    };

export interface QueryFinding {
  readonly kind: 'breaks' | 'other plan' | 'slower' | 'not tried';
  readonly digest: string;
  /** One sentence for the developer who owns the statement. */
  readonly sentence: string;
}

/** Less than this is the machine, not the release. */
const SLOWER_BY_MS = 20;
const SLOWER_BY = 2;
const ORDER: readonly QueryFinding['kind'][] = ['breaks', 'other plan', 'slower', 'not tried'];

/** Every statement with its times and plans, in the folder of the cluster's reports. */
export const fileOfQueries = (version: string): string => `queries-on-${version.split('.').slice(0, 2).join('.')}.md`;

/** What a developer must look at, the gravest first. A statement that fails on both sides says nothing of the release. */
export function compareQueries(tried: readonly TriedQuery[]): QueryFinding[] {
  return tried.flatMap(judge).sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
}

function judge({ digest, schema, text, old, new: fresh }: TriedQuery): QueryFinding[] {
  const where = `${digest} in ${schema || 'no schema'}: ${text}`;
  const found = (kind: QueryFinding['kind'], what: string): QueryFinding => ({
    kind,
    digest,
    sentence: `${where}: ${what}`,
  });
  if (!old.ok) return [found('not tried', `fails on the old release already: ${old.error}`)];
  if (!fresh.ok) {
    const cure = fresh.cure ?? 'change it so that both releases take it, before the switch';
    return [found('breaks', `fails on the new release: ${fresh.error}; cure: ${cure}`)];
  }
  const plans = [old, fresh].map(({ plan }) => plan.join(', '));
  return [
    ...(plans[0] === plans[1] ? [] : [found('other plan', `was ${plans[0] ?? ''}, is ${plans[1] ?? ''}`)]),
    ...(fresh.ms > old.ms * SLOWER_BY && fresh.ms - old.ms > SLOWER_BY_MS
      ? [found('slower', `took ${old.ms} ms, takes ${fresh.ms} ms`)]
      : []),
  ];
}

/** One line over all of them. */
export function tellQueries(tried: readonly TriedQuery[], findings: readonly QueryFinding[]): string {
  if (tried.length === 0)
    return 'no statement was tried: performance_schema and the slow log have none, or the account may not read the tables (accounts.backup)';
  const count = (kind: QueryFinding['kind']) => findings.filter((one) => one.kind === kind).length;
  return `${tried.length} statements tried: ${count('breaks')} fail, ${count('other plan')} have another plan, ${count('slower')} are slower, ${count('not tried')} could not be compared`;
}

/** Tables of an EXPLAIN FORMAT=JSON in the order of their access, whatever the release wraps around them. */
export function planOf(explained: unknown): string[] {
  if (Array.isArray(explained)) return explained.flatMap(planOf);
  if (typeof explained !== 'object' || explained === null) return [];
  const node = explained as Readonly<Record<string, unknown>>;
  const name = node['table_name'];
  const own =
    typeof name === 'string' ? [[name, node['access_type'], node['key'] ?? 'no key'].map(String).join(':')] : [];
  return [...own, ...Object.values(node).flatMap(planOf)];
}

/** What in this text is read otherwise, or not at all, between two versions, and what to do about it. Undefined where nothing is known. */
export function cureOf(text: string, from: string, to: string): string | undefined {
  const [after, upTo] = [from, to].map(releaseNumber) as [number, number];
  const hits = scanText(text, after).filter(({ since, until = Infinity }) => since <= upTo && until > upTo);
  const grave = hits.filter(({ trouble }) => trouble !== 'group by order');
  return grave.length === 0 ? undefined : grave.map(({ what, advice }) => `${what}: ${advice}`).join('; ');
}

/** May it be repeated on a server that serves nobody? Whatever writes, locks, waits or leaves the server is not. */
export const isHarmless = (text: string): boolean =>
  /^\s*(\/\*(?!!).*?\*\/\s*)*(\(\s*)*select\b/is.test(text) &&
  !/\b(for\s+(update|share)|lock\s+in\s+share\s+mode|into\s+(out|dump)file|into\s+@|get_lock|release_(all_)?locks?|sleep|benchmark|master_pos_wait|source_pos_wait|wait_(for|until)_\w+|last_insert_id|load_file)\b/is.test(
    text,
  ) &&
  !/;\s*\S/.test(text) &&
  !text.endsWith('...');
