import { type Edit, isSymbol, isWord, type Token } from './sql-text';

export interface Grouping {
  /** GROUP BY a DESC: no longer parses. */
  readonly direction: boolean;
  /** No ORDER BY behind it, on the outermost level: 5.7 has sorted the result all the same. */
  readonly unsorted: boolean;
  /** What makes it say what 5.7 did; null where somebody must write it anew (UNION, ROLLUP). */
  readonly edits: readonly Edit[] | null;
}

const ENDS_LIST = [
  'HAVING',
  'ORDER',
  'LIMIT',
  'PROCEDURE',
  'INTO',
  'FOR',
  'LOCK',
  'UNION',
  'WITH',
  'WINDOW',
  'END',
  'DO',
];
const BEHIND_ORDER = ['LIMIT', 'PROCEDURE', 'INTO', 'FOR', 'LOCK', 'END', 'DO'];

/** Every GROUP BY of a text, with what 5.7 made of it. Source: MySQL 8.0 manual, "SQL Changes" (GROUP BY no longer sorts). */
export function groupingsOf(sql: string, tokens: readonly Token[]): Grouping[] {
  const depths = depthsOf(tokens);
  return tokens.flatMap((token, at) =>
    isWord(token, 'GROUP') && isWord(tokens[at + 1], 'BY') ? [grouping(sql, tokens, depths, at + 2)] : [],
  );
}

function grouping(sql: string, tokens: readonly Token[], depths: readonly number[], first: number): Grouping {
  const depth = depths[first] ?? 0;
  const closes = (at: number) => (depths[at] ?? -1) < depth || (depths[at] === depth && isSymbol(tokens[at], ';'));
  const next = (from: number, words: readonly string[]) => {
    for (let at = from; at < tokens.length; at += 1)
      if (closes(at) || (depths[at] === depth && isWord(tokens[at], ...words))) return at;
    return tokens.length;
  };
  const listEnd = next(first, ENDS_LIST);
  const statementEnd = next(first, ['UNION']);
  const list = tokens.slice(first, listEnd);
  const directions = list.filter((token, at) => isWord(token, 'ASC', 'DESC') && depths[first + at] === depth);
  const rest = tokens.slice(listEnd, statementEnd).filter((_token, at) => depths[listEnd + at] === depth);
  const ordered = rest.some((token, at) => isWord(token, 'ORDER') && isWord(rest[at + 1], 'BY'));
  const awkward = isWord(tokens[statementEnd], 'UNION') || isWord(tokens[listEnd], 'WITH');
  const [start, end] = [list[0]?.start ?? 0, list.at(-1)?.end ?? 0];
  const orderAt = tokens[Math.min(next(listEnd, BEHIND_ORDER), statementEnd) - 1]?.end ?? end;
  const order = ordered ? [] : [{ start: orderAt, end: orderAt, text: ` ORDER BY ${sql.slice(start, end)}` }];
  const without = directions.map((token) => ({ start: token.start - 1, end: token.end, text: '' }));
  return {
    direction: directions.length > 0,
    unsorted: !ordered && depth === 0,
    edits: awkward ? null : [...without, ...order],
  };
}

/** How many parentheses are open at each token; the closing one counts as outside. */
function depthsOf(tokens: readonly Token[]): number[] {
  let depth = 0;
  return tokens.map((token) => {
    if (isSymbol(token, ')')) depth -= 1;
    const here = depth;
    if (isSymbol(token, '(')) depth += 1;
    return here;
  });
}
