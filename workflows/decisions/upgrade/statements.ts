import { type StatementFacts } from './facts';
import { type Found, meets, type Rule, type Upgrade } from './finding';
import { releaseNumber } from './releases';
import { scanText } from './text-scan';

/** More of one kind are counted, not listed. */
const LISTED = 5;

/** What clients have sent lately and the new release does not take. A digest has no literals and quotes every name. */
export const statements: Rule = (upgrade) => {
  const found = new Map<string, Found & { statements: StatementFacts[] }>();
  for (const statement of upgrade.schema.statements)
    for (const { what, step, advice } of troublesIn(upgrade, statement)) {
      const known = found.get(what);
      if (known) known.statements.push(statement);
      else
        found.set(what, {
          check: 'statement',
          severity: 'warning',
          step,
          where: what,
          why: '',
          cure: [`-- in the applications: ${advice}`],
          statements: [statement],
        });
    }
  return [...found.values()].map(({ statements: seen, ...rest }) => ({ ...rest, why: whyOf(seen) }));
};

function troublesIn(upgrade: Upgrade, { text }: StatementFacts) {
  const hits = scanText(text, releaseNumber(upgrade.schema.version), true);
  // That 5.7 has sorted groups matters to few of the many statements that group.
  const grave = hits.filter(({ trouble }) => trouble !== 'group by order');
  return grave.flatMap(({ what, since, until, advice }) => {
    const step = meets(upgrade, since, until);
    return step === null ? [] : [{ what, step, advice }];
  });
}

function whyOf(seen: readonly StatementFacts[]): string {
  const shown = seen.slice(0, LISTED).map(({ schema, text, count }) => {
    const short = text.length > 120 ? `${text.slice(0, 120)}…` : text;
    return `${schema === '' ? '' : `in ${schema}: `}${short.trim()} (${count} times)`;
  });
  const more = seen.length > LISTED ? `; and ${seen.length - LISTED} more` : '';
  return `clients have sent it since the server started: ${shown.join('; ')}${more}`;
}
