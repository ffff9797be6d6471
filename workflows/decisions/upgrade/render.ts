import { type Paint } from '../topology-tree';
import { type Precheck } from './answer';
import { CHECKS, type CheckId } from './checks';
import { type Severity, type UpgradeFinding } from './finding';
import { tellPath } from './releases';

const plain: Paint = (_kind, text) => text;

const HEADS: Record<Severity, { readonly title: string; readonly kind: Parameters<Paint>[0] }> = {
  error: { title: 'ERRORS: the upgrade fails, or something that works today stops', kind: 'bad' },
  warning: { title: 'WARNINGS: look at them before the upgrade', kind: 'strong' },
  notice: { title: 'NOTICES: know them', kind: 'dim' },
};

/** Places of one kind that are shown with their cure; --json has all. */
const SHOWN = 20;

/** For a terminal: worst first, one block per check, each place with the statements that cure it, ready to paste. */
export function renderPrecheck(precheck: Precheck, paint: Paint = plain): string {
  const { cluster, path, servers, readOn, findings } = precheck;
  const head = [
    paint('strong', `${cluster}: ${tellPath(path)}`),
    paint(
      'dim',
      `${servers.map(({ name, version }) => `${name} ${version}`).join(', ')}; schemas and accounts as ${readOn} has them${precheck.deep ? '' : '; rows were sampled (--deep reads all)'}`,
    ),
    ...(precheck.officialSkipped === null
      ? []
      : [paint('dim', `MySQL Shell's own checker was not asked: ${precheck.officialSkipped}`)]),
  ].join('\n');
  const printed = new Set<string>();
  const blocks = (['error', 'warning', 'notice'] as const).flatMap((severity) => {
    const found = findings.filter((finding) => finding.severity === severity);
    if (found.length === 0) return [];
    const { title, kind } = HEADS[severity];
    return [paint(kind, title), ...byCheck(found).map(([check, some]) => block(check, some, cluster, printed, paint))];
  });
  return [head, ...blocks, tally(precheck)].join('\n\n');
}

function block(
  check: CheckId,
  findings: readonly UpgradeFinding[],
  cluster: string,
  printed: Set<string>,
  paint: Paint,
): string {
  const { looksFor, manual } = CHECKS[check];
  const all = grouped(findings);
  const counts = new Map<string, number>();
  for (const [first] of all.slice(0, SHOWN)) if (first) counts.set(first.why, (counts.get(first.why) ?? 0) + 1);
  let said = '';
  const places = all.slice(0, SHOWN).flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const members = group.map(({ instance }) => instance).filter((instance) => instance !== cluster);
    const who = members.length === 0 ? '' : `${members.join(', ')}: `;
    const place = `    ${paint('strong', `${who}${first.where}`)} ${paint('dim', `[${first.step}]`)}`;
    const cure = cureLines(first, printed).map((line) => `        ${line}`);
    // A reason that several places share is given once, in front of them.
    const shared = (counts.get(first.why) ?? 0) > 1;
    const before = shared && said !== first.why ? [`    each of these: ${first.why}`] : [];
    said = first.why;
    return [...before, place, ...(shared ? [] : [`      ${first.why}`]), ...cure];
  });
  const hidden = all.length - SHOWN;
  const more = hidden > 0 ? [`    … and ${hidden} more: --json lists all`] : [];
  return [
    `  ${paint('strong', check)}: ${looksFor}`,
    ...places,
    ...more,
    `    ${paint('dim', `manual: ${manual}`)}`,
  ].join('\n');
}

/** A program with several faults is cured once. */
function cureLines({ cure }: UpgradeFinding, printed: Set<string>): string[] {
  const statements = cure.filter((line) => !line.startsWith('--'));
  const key = statements.join('\n');
  if (statements.length > 0 && printed.has(key))
    return [...cure.filter((line) => line.startsWith('--')), '-- cured by the statements above'];
  printed.add(key);
  return cure.flatMap((statement) => pasteable(statement).split('\n'));
}

/** A body with semicolons needs another delimiter in a command-line client. */
const pasteable = (statement: string): string =>
  !statement.startsWith('--') && statement.slice(0, -1).includes(';') && /^CREATE /.test(statement)
    ? `DELIMITER //\n${statement.replace(/;$/, ' //')}\nDELIMITER ;`
    : statement;

function byCheck(findings: readonly UpgradeFinding[]): [CheckId, UpgradeFinding[]][] {
  const found = new Map<CheckId, UpgradeFinding[]>();
  for (const finding of findings) found.set(finding.check, [...(found.get(finding.check) ?? []), finding]);
  return [...found.entries()];
}

/** The same on several members is told once. */
function grouped(findings: readonly UpgradeFinding[]): UpgradeFinding[][] {
  const found = new Map<string, UpgradeFinding[]>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.step, finding.where, finding.why, finding.cure]);
    found.set(key, [...(found.get(key) ?? []), finding]);
  }
  return [...found.values()].sort(([a], [b]) => (a?.why ?? '').localeCompare(b?.why ?? ''));
}

function tally({ errors, warnings, notices, path }: Precheck): string {
  const counts = `${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${notices} ${notices === 1 ? 'notice' : 'notices'}`;
  return errors === 0
    ? `${counts}: nothing stops ${tellPath(path)}`
    : `${counts}: ${tellPath(path)} is not to be begun before the errors are cured`;
}
