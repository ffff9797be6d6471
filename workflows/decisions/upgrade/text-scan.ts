import { REMOVED_FUNCTIONS, type RemovedFunction } from './data/functions';
import { RESERVED_WORDS } from './data/reserved-words';
import { REMOVED_SYNTAX } from './data/syntax';
import { REMOVED_VARIABLES, type RemovedVariable } from './data/variables';
import { groupingsOf } from './group-by';
import { type Edit, isSymbol, isWord, quoted, rowsOf, type Token, tokensOf } from './sql-text';

export type Trouble =
  'function' | 'syntax' | 'reserved word' | 'variable' | 'group by direction' | 'group by order' | 'grant identified';

/** One thing in an SQL text that a later release reads otherwise or not at all. */
export interface Hit {
  readonly trouble: Trouble;
  readonly what: string;
  /** Release that changes it. */
  readonly since: number;
  /** Free again from here. */
  readonly until?: number;
  /** What makes the text mean the same before and after; null where somebody must think. */
  readonly edits: readonly Edit[] | null;
  /** For them. */
  readonly advice: string;
}

interface Scan {
  readonly sql: string;
  readonly tokens: readonly Token[];
  /** Digests quote every name, also those of functions and variables. */
  readonly digest: boolean;
  readonly version: number;
}

/** Everything in a view, a program or a digest that some release after `version` (80034) does not read as it is. */
export function scanText(sql: string, version: number, digest = false): Hit[] {
  const scan: Scan = { sql, tokens: tokensOf(sql), digest, version };
  const finders = [functions, syntax, nulls, emptyNames, grants, variables, groupBy];
  const found = [...finders, ...(digest ? [] : [reservedWords])].flatMap((find) => find(scan));
  return found.filter(({ since }) => since > version);
}

/** A name behind one of these is a table, a key or a program of one's own, not a function that is called. */
const NAMES_FOLLOW = [
  'INTO',
  'TABLE',
  'EXISTS',
  'KEY',
  'INDEX',
  'REFERENCES',
  'PROCEDURE',
  'FUNCTION',
  'CALL',
  'UPDATE',
  'JOIN',
  'FROM',
  'VIEW',
  'AS',
];

const FUNCTIONS = new Map<string, RemovedFunction>(REMOVED_FUNCTIONS.map((one) => [one.name, one]));

function functions({ tokens, digest }: Scan): Hit[] {
  return tokens.flatMap((token, at): Hit[] => {
    const callable = token.kind === 'word' || (digest && token.kind === 'name');
    const gone = callable ? FUNCTIONS.get(token.text.toUpperCase()) : undefined;
    const before = tokens[at - 1];
    if (!gone || !isSymbol(tokens[at + 1], '(')) return [];
    if (isSymbol(before, '.', '@') || isWord(before, ...NAMES_FOLLOW)) return [];
    const { name, instead, otherwise } = gone;
    return [
      {
        trouble: 'function',
        what: `${name}()`,
        since: gone.gone,
        edits: instead === null ? null : [{ start: token.start, end: token.end, text: instead }],
        advice: instead === null ? (otherwise ?? '') : `use ${instead}()`,
      },
    ];
  });
}

const syntax = ({ tokens, version }: Scan): Hit[] =>
  REMOVED_SYNTAX.flatMap(({ words, gone, instead, insteadSince = 0 }) =>
    rowsOf(tokens, words).map(([first, last]) => ({
      trouble: 'syntax' as const,
      what: words,
      since: gone,
      edits:
        instead === null || version < insteadSince
          ? null
          : [{ start: tokens[first]?.start ?? 0, end: tokens[last]?.end ?? 0, text: instead }],
      advice: instead ? `write ${instead}` : 'leave it out',
    })),
  );

const nulls = ({ tokens }: Scan): Hit[] =>
  tokens
    .filter((token) => isSymbol(token, '\\N'))
    .map(({ start, end }) => ({
      trouble: 'syntax',
      what: '\\N',
      since: 80_000,
      edits: [{ start, end, text: 'NULL' }],
      advice: 'write NULL',
    }));

/** `FROM .t`: a name with an empty schema. */
const emptyNames = ({ tokens, sql }: Scan): Hit[] =>
  tokens.flatMap((token, at): Hit[] => {
    const [before, next] = [tokens[at - 1], tokens[at + 1]];
    const stands = isSymbol(token, '.') && (next?.kind === 'word' || next?.kind === 'name') && next.start === token.end;
    if (!stands || !/\s/.test(sql[token.start - 1] ?? 'x') || !isWord(before, 'FROM', 'JOIN', 'UPDATE', 'INTO'))
      return [];
    return [
      {
        trouble: 'syntax',
        what: `.${next.text.toLowerCase()}`,
        since: 80_000,
        edits: [{ start: token.start, end: token.end, text: '' }],
        advice: 'leave the dot out',
      },
    ];
  });

/** GRANT … TO account IDENTIFIED BY: no account is made or changed by GRANT. */
function grants({ tokens }: Scan): Hit[] {
  return tokens.flatMap((token, at): Hit[] => {
    if (!isWord(token, 'GRANT')) return [];
    const ends = tokens.findIndex((other, index) => index > at && isSymbol(other, ';'));
    const statement = tokens.slice(at, ends < 0 ? undefined : ends);
    if (!statement.some((other) => isWord(other, 'IDENTIFIED'))) return [];
    return [
      {
        trouble: 'grant identified',
        what: 'GRANT … IDENTIFIED BY',
        since: 80_000,
        edits: null,
        advice: 'make the account with CREATE USER IF NOT EXISTS … IDENTIFIED BY, then GRANT without a password',
      },
    ];
  });
}

const VARIABLES = new Map<string, RemovedVariable>(REMOVED_VARIABLES.map((one) => [one.name.toUpperCase(), one]));

/** `@@tx_isolation`, `@@session.tx_isolation`, `SET SESSION tx_isolation = …`. */
function variables({ tokens }: Scan): Hit[] {
  return tokens.flatMap((token, at): Hit[] => {
    const gone = token.kind === 'word' || token.kind === 'name' ? VARIABLES.get(token.text.toUpperCase()) : undefined;
    if (!gone) return [];
    const scoped = isSymbol(tokens[at - 1], '.') ? at - 2 : at;
    const read = isSymbol(tokens[scoped - 1], '@') && isSymbol(tokens[scoped - 2], '@');
    const scopeWord = isWord(tokens[at - 1], 'SESSION', 'GLOBAL', 'LOCAL') ? at - 2 : at - 1;
    const set = isWord(tokens[scopeWord], 'SET') && isSymbol(tokens[at + 1], '=', ':');
    if (!read && !set) return [];
    const same = gone.instead !== undefined && /^\w+$/.test(gone.instead);
    return [
      {
        trouble: 'variable',
        what: gone.name,
        since: gone.gone,
        edits:
          same && gone.name.startsWith('tx_')
            ? [{ start: token.start, end: token.end, text: gone.instead ?? '' }]
            : null,
        advice: gone.instead === undefined ? 'leave it out' : `use ${gone.instead}`,
      },
    ];
  });
}

function groupBy({ sql, tokens }: Scan): Hit[] {
  return groupingsOf(sql, tokens).flatMap(({ direction, unsorted, edits }): Hit[] => {
    if (direction)
      return [
        {
          trouble: 'group by direction',
          what: 'GROUP BY … ASC or DESC',
          since: 80_013,
          edits,
          advice: 'move ASC and DESC into ORDER BY',
        },
      ];
    if (!unsorted) return [];
    return [
      {
        trouble: 'group by order',
        what: 'GROUP BY without ORDER BY',
        since: 80_000,
        edits,
        advice: 'add ORDER BY where the order matters',
      },
    ];
  });
}

const RESERVED = new Map(RESERVED_WORDS.map((one) => [one.word, one]));

function reservedWords({ tokens, sql }: Scan): Hit[] {
  return tokens.flatMap((token, at): Hit[] => {
    const reserved = token.kind === 'word' ? RESERVED.get(token.text) : undefined;
    if (!reserved || isSyntax(tokens, at)) return [];
    const { word, since, until } = reserved;
    return [
      {
        trouble: 'reserved word',
        what: word,
        since,
        ...(until !== undefined && { until }),
        edits: [{ start: token.start, end: token.end, text: quoted(sql.slice(token.start, token.end)) }],
        advice: 'write it in backquotes',
      },
    ];
  });
}

/** The word is part of a statement that old and new releases have, or stands where any word may. */
function isSyntax(tokens: readonly Token[], at: number): boolean {
  const [before, token, next] = [tokens[at - 1], tokens[at], tokens[at + 1]];
  if (isSymbol(before, '.', '@')) return true;
  if (isWord(token, 'FUNCTION'))
    return isWord(before, 'CREATE', 'DROP', 'ALTER', 'SHOW') || next?.kind === 'name' || isWord(next, 'IF');
  if (isWord(token, 'ROW')) return isWord(before, 'EACH') || isSymbol(next, '(');
  if (isWord(token, 'ROWS')) return before?.kind === 'number';
  if (isWord(token, 'EMPTY', 'SYSTEM')) return isSymbol(next, '(');
  return false;
}
