import { compareQueries, type QueryFinding, tellQueries, type Tried, type TriedQuery } from './queries';

export interface Subject {
  readonly cluster: string;
  /** As VERSION() says: of the old release, and of the new one. */
  readonly versions: readonly [string, string];
  /** Where they were tried. */
  readonly servers: readonly [string, string];
}

const HEADINGS: Readonly<Record<QueryFinding['kind'], string>> = {
  breaks: 'These fail on the new release: change them before the switch',
  'other plan': 'These have another plan: look at their indexes and hints',
  slower: 'These are slower',
  'not tried': 'These could not be compared',
};

/** What a developer is handed: what to change and why, then every statement with its times and plans. Markdown, without literals. */
export function reportOfQueries({ cluster, versions, servers }: Subject, tried: readonly TriedQuery[]): string {
  const findings = compareQueries(tried);
  const sections = (Object.keys(HEADINGS) as QueryFinding['kind'][]).flatMap((kind) => {
    const lines = findings.filter((one) => one.kind === kind).map(({ sentence }) => `- ${sentence}`);
    return lines.length === 0 ? [] : [`## ${HEADINGS[kind]}`, '', ...lines, ''];
  });
  const [old, fresh] = [tried.map((one) => one.old), tried.map((one) => one.new)].map(totalMs);
  return [
    `# Statements of ${cluster} on ${versions.join(' and ')}`,
    '',
    `${tellQueries(tried, findings)}. One after the other they took ${old ?? 0} ms on ${servers[0]} (${versions[0]}) and ${fresh ?? 0} ms on ${servers[1]} (${versions[1]}); the better of two runs each, so the machines count as much as the releases.`,
    '',
    ...sections,
    '## All of them',
    '',
    '| statement | schema | digest | known by | old ms | new ms | old plan | new plan |',
    '|---|---|---|---|---|---|---|---|',
    ...tried.map(rowOf),
    '',
  ].join('\n');
}

const totalMs = (tried: readonly Tried[]): number =>
  Math.round(tried.reduce((sum, one) => sum + (one.ok ? one.ms : 0), 0) * 10) / 10;

function rowOf({ text, schema, digest, source, old, new: fresh }: TriedQuery): string {
  const ms = (one: Tried) => (one.ok ? String(one.ms) : 'fails');
  const plan = (one: Tried) => (one.ok ? one.plan.join(', ') : one.error);
  const cells = [text, schema, digest, source ?? 'performance_schema', ms(old), ms(fresh), plan(old), plan(fresh)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
