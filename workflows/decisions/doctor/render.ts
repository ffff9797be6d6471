import { type Paint } from '../topology-tree';
import { type Finding, type Severity } from './finding';

const WORDS: Record<Severity, string> = { bad: 'BAD ', warn: 'WARN', note: 'note' };
const plain: Paint = (_kind, text) => text;

/**
 * The findings for a terminal. The same finding on several instances is told once, with their names; statements are printed so
 * that they can be pasted.
 */
export function renderDoctor(findings: readonly Finding[], paint: Paint = plain): string {
  if (findings.length === 0)
    return paint('good', 'Nothing found: every setting that decides RTO and RPO is as it should be.');
  const groups = new Map<string, { first: Finding; instances: string[] }>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.severity, finding.what, finding.why, finding.fix]);
    const group = groups.get(key) ?? { first: finding, instances: [] };
    group.instances.push(finding.instance);
    groups.set(key, group);
  }
  const told = [...groups.values()].map(({ first, instances }) => {
    const kind = first.severity === 'bad' ? 'bad' : first.severity === 'warn' ? 'strong' : 'dim';
    const head = `${paint(kind, WORDS[first.severity])} ${paint('strong', instances.join(', '))}: ${first.what}`;
    const fix = first.fix.map((statement) => `       ${statement}`);
    return [head, `     ${first.why}`, ...fix, `     ${paint('dim', `manual: ${first.manual}`)}`].join('\n');
  });
  return `${told.join('\n\n')}\n\n${tally(findings)}`;
}

function tally(findings: readonly Finding[]): string {
  const of = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return `${of('bad')} bad, ${of('warn')} to better, ${of('note')} to know`;
}
