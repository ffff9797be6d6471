import { z } from 'zod';
import { didYouMean, plain } from './suggest';

/**
 * The building blocks of the inventory's schema. Each says in its own words what was expected and how to write it,
 * as `expected … — cure`; what was written is never quoted, because it may be a password in the wrong place.
 */
export type Cure = string | ((input: unknown) => string);

interface Saying {
  readonly error: (issue: { readonly input?: unknown }) => string;
}

export const says = (expected: string, cure: Cure): Saying => ({
  error: ({ input }) => `${how(input)}expected ${expected} — ${typeof cure === 'string' ? cure : cure(input)}`,
});

const how = (input: unknown) => (input === undefined ? 'is missing: ' : input === null ? 'is empty: ' : '');

/** A map whose keys are all known. An unknown key gets one line of its own, in the order of `issue.keys`. */
export function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape, expected: string, cure: Cure) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, known)).join('\n')
        : says(expected, cure).error(issue),
  });
}

const unknownKey = (key: string, known: readonly string[]) =>
  `there is no setting of this name${didYouMean(key, known)} — known here: ${known.join(', ')}`;

export const wholeNumber = (min: number, max: number, expected: string, cure: Cure) => {
  const words = says(expected, cure);
  return z.number(words).int(words).min(min, words).max(max, words);
};

/** A span of time as a plain number in the unit that the setting's name ends with. `1h` is answered with the number to write. */
export const span = (unit: 'seconds' | 'minutes' | 'days', min: number, max: number) => {
  const words = says(`a number of ${unit} from ${min} to ${max}`, (input) => {
    const seconds = typeof input === 'string' ? secondsIn(input) : undefined;
    const number = seconds === undefined ? undefined : seconds / { seconds: 1, minutes: 60, days: 86_400 }[unit];
    return `write the number alone, without a unit${number === undefined ? '' : `: ${number}`}`;
  });
  return z.number(words).min(min, words).max(max, words);
};

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** `90`, `90s`, `5 min`, `1h`, `2 days` in seconds; undefined when it is none of these. */
function secondsIn(written: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)?\s*$/i.exec(written);
  if (!match) return undefined;
  const unit = UNIT_SECONDS[(match[2] ?? 's').charAt(0).toLowerCase()] ?? 1;
  return Number(match[1]) * unit;
}

export const text = (expected: string, cure: Cure) => {
  const words = says(expected, (input) => (typeof input === 'number' ? 'put it in quotes' : said(cure, input)));
  return z.string(words).min(1, words);
};

const said = (cure: Cure, input: unknown) => (typeof cure === 'string' ? cure : cure(input));

export const flag = (cure: string) => z.boolean(says('true or false', cure));

/** Only another spelling of a value is suggested, never the nearest one: `sync` is close to `async` and means the opposite. */
export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(
    values,
    says(`one of ${values.join(', ')}`, (input) => {
      const same = typeof input === 'string' ? values.find((value) => plain(value) === plain(input)) : undefined;
      return same === undefined ? 'write one of them' : `write it as ${same}`;
    }),
  );

/** A program and its arguments, one list entry each: nothing is given to a shell. */
export const command = (example: string) => {
  const words = says('a program and its arguments as a list', `write it as a list: ${example}`);
  return z.array(z.string(words).min(1, words), words).min(1, words);
};

const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/;

/** `host:port` or `[IPv6]:port`, read into its two parts. */
export function readAddress(written: string): { host: string; port: number } | undefined {
  const match = HOST_AND_PORT.exec(written);
  const port = Number(match?.[2]);
  if (!match?.[1] || port < 1 || port > 65535) return undefined;
  return { host: match[1].replaceAll(/[[\]]/g, ''), port };
}

/** An address written as `host:port`, read into its two parts. */
export const addressPair = (example: string) => {
  const words = says('an address as host:port', `write it as in ${example}`);
  return z.string(words).transform((written, context) => {
    const address = readAddress(written);
    if (address) return address;
    context.issues.push({ code: 'custom', message: words.error({ input: written }), input: written });
    return z.NEVER;
  });
};

/** An address written as `host:port`; stays text. */
export const addressText = (example: string) => {
  const words = says('an address as host:port', `write it as in ${example}`);
  return z
    .string(words)
    .refine((written) => readAddress(written) !== undefined, words)
    .meta({ pattern: HOST_AND_PORT.source });
};
