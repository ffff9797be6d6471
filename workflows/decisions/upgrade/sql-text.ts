/** One piece of an SQL text that is neither blank nor comment. */
export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol';
  /** Words upper case, quoted names without their quotes, all else as written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const PIECE =
  /(?<blank>\s+|--(?:\s[^\n]*|(?=\n|$))|#[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<name>`(?:[^`]|``)*`)|(?<string>'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*")|(?<null>\\N)|(?<word>[\p{L}_$][\p{L}\p{N}_$]*)|(?<number>\d[\p{L}\p{N}_.]*)|(?<symbol>[^])/uy;

/** The words of a statement or a body, as far as they can be told without a parser: strings, quoted names and comments are never words. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  PIECE.lastIndex = 0;
  for (let at = 0; at < sql.length; at = PIECE.lastIndex) {
    const groups = PIECE.exec(sql)?.groups;
    if (!groups) break;
    const end = PIECE.lastIndex;
    const token = (kind: Token['kind'], text: string) => tokens.push({ kind, text, start: at, end });
    if (groups['name'] !== undefined) token('name', groups['name'].slice(1, -1).replaceAll('``', '`'));
    else if (groups['string'] !== undefined) token('string', groups['string']);
    else if (groups['word'] !== undefined) token('word', groups['word'].toUpperCase());
    else if (groups['number'] !== undefined) token('number', groups['number']);
    else if (groups['null'] !== undefined || groups['symbol'] !== undefined) token('symbol', sql.slice(at, end));
  }
  return tokens;
}

/** A change of a text: what stands from `start` to `end` becomes `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** All edits at once; of those that overlap, the first wins. */
export function edited(sql: string, edits: readonly Edit[]): string {
  let [done, upTo] = ['', 0];
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < upTo) continue;
    done += sql.slice(upTo, start) + text;
    upTo = end;
  }
  return done + sql.slice(upTo);
}

export const isWord = (token: Token | undefined, ...texts: readonly string[]): boolean =>
  token?.kind === 'word' && texts.includes(token.text);

export const isSymbol = (token: Token | undefined, ...texts: readonly string[]): boolean =>
  token?.kind === 'symbol' && texts.includes(token.text);

/** Where these words stand in a row; each pair is [first, last] as indexes of tokens. */
export function rowsOf(tokens: readonly Token[], words: string): (readonly [number, number])[] {
  const row = words.split(' ');
  return tokens.flatMap((_token, first) =>
    row.every((word, offset) => isWord(tokens[first + offset], word)) ? [[first, first + row.length - 1] as const] : [],
  );
}

/** One identifier as SQL. */
export const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
export const place = (...names: readonly string[]): string => names.map(quoted).join('.');
export const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
