/** The text is no GTID set. `position` counts characters from 1. */
export class GtidSetError extends Error {
  readonly position: number;

  constructor(problem: string, text: string, index: number) {
    const near = text.slice(index, index + 40).trimEnd();
    super(
      `GTID set: ${problem} at position ${String(index + 1)}, ${near === '' ? 'where the text ends' : `near "${near}"`}`,
    );
    this.name = 'GtidSetError';
    this.position = index + 1;
  }
}

/** Bounds as found: [start, end, …], each end being the first number that is not in; unsorted. */
export interface FoundSource {
  readonly uuid: string;
  /** '' for transactions without a tag. */
  readonly tag: string;
  readonly bounds: number[];
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z_-])/iy;
const TAG = /[a-z_][a-z0-9_]{0,31}(?![a-z0-9_])/iy;
const [COMMA, DASH, COLON, ZERO, NINE, SPACE] = [0x2c, 0x2d, 0x3a, 0x30, 0x39, 0x20];

const digitAt = (text: string, index: number): number => text.charCodeAt(index) - ZERO;

/**
 * Read the server's grammar: `uuid[:tag]:n[-m][:n[-m]…][:tag:n…][, uuid…]`, white space between any two words, empty
 * members between commas, upper and lower case. Sources come in order of appearance, each once, in lower case.
 * Where the server silently reads nothing (a uuid or a tag without numbers, a backward interval) we refuse: it never prints those.
 * Throws GtidSetError. Source: MySQL manual, "GTID Format and Storage".
 */
export function findSources(text: string): FoundSource[] {
  const sources = new Map<string, FoundSource>();
  let at = 0;

  const fail = (problem: string, index = at): never => {
    throw new GtidSetError(problem, text, index);
  };
  const code = (): number => text.charCodeAt(at); // NaN behind the end: equal to nothing
  const skipSpace = (): void => {
    while (code() <= SPACE) at += 1; // control characters too: a tab, a line end
  };
  const skip = (wanted: number): boolean => {
    if (code() <= SPACE) skipSpace();
    if (code() !== wanted) return false;
    at += 1;
    if (code() <= SPACE) skipSpace();
    return true;
  };
  const word = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0].toLowerCase();
    at += found?.length ?? 0;
    return found;
  };
  const number = (): number => {
    const start = at;
    let index = at;
    let value = 0;
    for (let digit = digitAt(text, index); digit >= 0 && digit <= 9; digit = digitAt(text, ++index))
      value = value * 10 + digit;
    at = index;
    if (at === start) fail('expected a transaction number');
    if (value === 0) fail('transaction numbers begin at 1', start);
    // The server allows numbers up to 2^63 - 2. Beyond 2^53 - 1 we would round them, so they are refused; at a million
    // transactions a second a server gets there after 285 years.
    if (value > Number.MAX_SAFE_INTEGER) fail('transaction numbers above 9007199254740991 are not supported', start);
    return value;
  };
  const boundsOf = (uuid: string, tag: string): number[] => {
    const key = `${uuid}:${tag}`;
    const source = sources.get(key) ?? { uuid, tag, bounds: [] };
    sources.set(key, source);
    return source.bounds;
  };
  const readInterval = (bounds: number[]): void => {
    const start = at;
    const first = number();
    const last = skip(DASH) ? number() : first;
    if (last < first) fail('an interval ends before it begins', start);
    bounds.push(first, last + 1);
  };
  const readMember = (): void => {
    const uuid = word(UUID) ?? fail('expected a server UUID');
    let bounds = boundsOf(uuid, '');
    if (!skip(COLON)) fail('expected ":" and a transaction number');
    do {
      if (code() >= ZERO && code() <= NINE) {
        readInterval(bounds);
        continue;
      }
      const tag = word(TAG) ?? fail('expected a transaction number or a tag');
      bounds = boundsOf(uuid, tag);
      if (!skip(COLON)) fail('expected ":" and a transaction number');
      readInterval(bounds);
    } while (skip(COLON));
  };

  skipSpace();
  while (at < text.length) {
    if (skip(COMMA)) continue;
    readMember();
    if (at < text.length && code() !== COMMA) fail('expected "," or ":"');
  }
  return [...sources.values()].filter((source) => source.bounds.length > 0);
}
