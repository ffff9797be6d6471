import { type Severity, type UpgradeFinding } from './finding';

/** What MySQL Shell's own checker answered, or why it was not asked. */
export type OfficialAnswer =
  | { readonly asked: true; readonly instance: string; readonly problems: readonly OfficialProblem[] }
  | { readonly asked: false; readonly because: string };

export interface OfficialProblem {
  /** `reservedKeywords` and the like. */
  readonly id: string;
  readonly title: string;
  readonly level: string;
  readonly object: string;
  readonly description: string;
  readonly link: string;
}

const SEVERITIES: Readonly<Record<string, Severity>> = { error: 'error', warning: 'warning', notice: 'notice' };

/** Its findings in our words; nothing that ours have said is left out, for it may see more. */
export function officialFindings(answer: OfficialAnswer, step: string): UpgradeFinding[] {
  if (!answer.asked) return [];
  return answer.problems.map(({ id, title, level, object, description, link }) => ({
    check: 'official-checker',
    severity: SEVERITIES[level.toLowerCase()] ?? 'warning',
    step,
    instance: answer.instance,
    where: object === '' ? id : `${object} (${id})`,
    why: description === '' ? title : description.replace(/\s+/g, ' ').replace(/\.$/, ''),
    cure: [`-- ${link === '' ? title : link}`],
    manual: title,
  }));
}

interface Problem {
  readonly level?: unknown;
  readonly dbObject?: unknown;
  readonly description?: unknown;
  readonly documentationLink?: unknown;
}
interface Check extends Problem {
  readonly id?: unknown;
  readonly title?: unknown;
  readonly status?: unknown;
  readonly detectedProblems?: unknown;
}

/**
 * The checker's JSON as problems; null when it is none. A check that could not be made is a problem too.
 * Shape: `{ checksPerformed: [{ id, title, status, description?, documentationLink?, detectedProblems?: [{ level, dbObject, description }] }] }`.
 * Source: MySQL Shell manual, "Upgrade Checker Utility" (JSON output).
 */
export function problemsIn(printed: string): OfficialProblem[] | null {
  const checks = checksIn(printed);
  return (
    checks &&
    checks.flatMap((check) => {
      const rest = { id: text(check.id), title: text(check.title) };
      if (check.status !== 'OK')
        return [
          {
            ...rest,
            level: 'Warning',
            object: '',
            description: `the check could not be made: ${text(check.description)}`,
            link: text(check.documentationLink),
          },
        ];
      const found = Array.isArray(check.detectedProblems) ? (check.detectedProblems as Problem[]) : [];
      return found.map((problem) => ({
        ...rest,
        level: text(problem.level),
        object: text(problem.dbObject),
        description: text(problem.description) || text(check.description),
        link: text(problem.documentationLink) || text(check.documentationLink),
      }));
    })
  );
}

/** The shell may say other things before it. */
function checksIn(printed: string): Check[] | null {
  for (let at = printed.indexOf('{'); at >= 0; at = printed.indexOf('{', at + 1)) {
    try {
      const { checksPerformed } = JSON.parse(printed.slice(at)) as { checksPerformed?: unknown };
      if (Array.isArray(checksPerformed)) return checksPerformed as Check[];
    } catch {
      continue;
    }
  }
  return null;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
