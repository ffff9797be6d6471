import { type CheckId } from './checks';
import { REMOVED_SQL_MODES } from './data/variables';
import { type ProgramFacts } from './facts';
import { type Found, meets, type Rule, type Severity, type Upgrade } from './finding';
import { releaseNumber } from './releases';
import { edited, literal, place, quoted } from './sql-text';
import { type Hit, scanText, type Trouble } from './text-scan';

/** A server that upgrades itself parses all programs and ends at the first that it cannot read; views it only warns of. */
const KINDS: Readonly<Record<Trouble, { readonly check: CheckId; readonly severity: Severity }>> = {
  function: { check: 'removed-function', severity: 'error' },
  syntax: { check: 'removed-syntax', severity: 'error' },
  'reserved word': { check: 'reserved-word-in-program', severity: 'error' },
  variable: { check: 'removed-variable-in-program', severity: 'error' },
  'group by direction': { check: 'group-by-direction', severity: 'error' },
  'group by order': { check: 'group-by-order', severity: 'notice' },
  'grant identified': { check: 'grant-identified', severity: 'error' },
};

/** Views, routines, triggers and events that the new release reads otherwise, or not at all. */
export const programs: Rule = (upgrade) =>
  upgrade.schema.programs.flatMap((program) => {
    const hits = hitsIn(upgrade, program);
    const cure = cureOf(upgrade, program, hits);
    const told = new Set<string>();
    return [...hits.flatMap((hit) => tell(upgrade, program, hit, cure, told)), ...staleMode(upgrade, program, cure)];
  });

/** What the activity asks SHOW CREATE for: only these need to be written anew. */
export const needsRewriting = ({ sqlMode, body }: ProgramFacts, version: string): boolean =>
  troublingModes(sqlMode).length > 0 || scanText(body, releaseNumber(version)).length > 0;

function hitsIn(upgrade: Upgrade, { kind, body }: ProgramFacts): Hit[] {
  const all = scanText(body, releaseNumber(upgrade.schema.version));
  // The server itself has quoted the names in a view.
  const readable = kind === 'VIEW' ? all.filter(({ trouble }) => trouble !== 'reserved word') : all;
  return readable.filter(({ since, until }) => meets(upgrade, since, until) !== null);
}

function tell(
  upgrade: Upgrade,
  { kind, schema, name }: ProgramFacts,
  { trouble, what, since, until, advice, edits }: Hit,
  cure: readonly string[],
  told: Set<string>,
): Found[] {
  const step = meets(upgrade, since, until);
  if (step === null || told.has(what)) return [];
  told.add(what);
  return [
    {
      ...KINDS[trouble],
      step,
      where: `${kind.toLowerCase()} ${schema}.${name}`,
      why: WHY[trouble](what),
      cure: edits === null ? [`-- by hand: ${what}: ${advice}`, anew(kind, schema, name)] : cure,
    },
  ];
}

const WHY: Readonly<Record<Trouble, (what: string) => string>> = {
  function: (what) => `it calls ${what}, which is gone`,
  syntax: (what) => `it says ${what}, which no longer parses`,
  'reserved word': (what) => `it uses ${what} as a name without quotes, and that is a reserved word now`,
  variable: (what) => `it uses the variable ${what}, which is gone`,
  'group by direction': () => 'GROUP BY takes no ASC and DESC any more',
  'group by order': () => 'GROUP BY sorts no more by itself, so the rows come in any order',
  'grant identified': () => 'GRANT makes no account and sets no password any more',
};

const staleModes = (sqlMode: string): string[] => sqlMode.split(',').filter((mode) => REMOVED_SQL_MODES.includes(mode));

/** NO_AUTO_CREATE_USER stands in every program that 5.7 has stored by default, and means nothing to any of them. */
const troublingModes = (sqlMode: string): string[] =>
  staleModes(sqlMode).filter((mode) => mode !== 'NO_AUTO_CREATE_USER');

function staleMode(upgrade: Upgrade, { kind, schema, name, sqlMode }: ProgramFacts, cure: readonly string[]): Found[] {
  const step = meets(upgrade, 80_000);
  const stale = troublingModes(sqlMode);
  if (step === null || stale.length === 0) return [];
  return [
    {
      check: 'sql-mode-in-program',
      severity: 'warning',
      step,
      where: `${kind.toLowerCase()} ${schema}.${name}`,
      why: `it was made under ${stale.join(', ')}, which is gone: it may run otherwise`,
      cure,
    },
  ];
}

const anew = (kind: string, schema: string, name: string): string =>
  `-- write it anew: SHOW CREATE ${kind} ${place(schema, name)}; then drop it and create it again`;

/** DROP and CREATE with all that can be written anew by rule. */
function cureOf(upgrade: Upgrade, program: ProgramFacts, hits: readonly Hit[]): string[] {
  const { kind, schema, name, create, sqlMode } = program;
  const curable = hits.some(({ edits }) => edits !== null) || troublingModes(sqlMode).length > 0;
  if (!curable || create === '') return [anew(kind, schema, name)];
  const text = terminated(rewritten(create, upgrade));
  if (kind === 'VIEW') return [`USE ${quoted(schema)};`, text.replace(/^CREATE /, 'CREATE OR REPLACE ')];
  const mode = sqlMode.split(',').filter((one) => !REMOVED_SQL_MODES.includes(one));
  return [
    ...(kind === 'TRIGGER'
      ? ['-- rows that are written between the two have no trigger: LOCK TABLES … WRITE around them']
      : []),
    `USE ${quoted(schema)};`,
    `SET SESSION sql_mode = ${literal(mode.join(','))};`,
    `DROP ${kind} ${place(schema, name)};`,
    text,
  ];
}

/** A body may end in a comment, which would hide the semicolon. */
const terminated = (text: string): string => (/(--|#)[^\n]*$/.test(text) ? `${text}\n;` : `${text};`);

/** Once more after every pass: what was put in may itself need quotes. */
function rewritten(create: string, upgrade: Upgrade): string {
  let text = create;
  for (let pass = 0; pass < 5; pass += 1) {
    const edits = scanText(text, releaseNumber(upgrade.schema.version))
      .filter(({ since, until }) => meets(upgrade, since, until) !== null)
      .flatMap((hit) => hit.edits ?? []);
    if (edits.length === 0) break;
    text = edited(text, edits);
  }
  return text;
}
