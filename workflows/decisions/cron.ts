/** When a cron expression fires, by the clocks of its zone; each list holds every value that matches, in order. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Of the month. */
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** 0 = Sunday. */
  readonly weekdays: readonly number[];
}

interface Field {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS = {
  minutes: { what: 'minute', min: 0, max: 59 },
  hours: { what: 'hour', min: 0, max: 23 },
  days: { what: 'day of the month', min: 1, max: 31 },
  months: { what: 'month', min: 1, max: 12, names: MONTHS },
  weekdays: { what: 'day of the week', min: 0, max: 7, names: WEEKDAYS },
} as const satisfies Record<keyof Cron, Field>;

/**
 * Five fields: minute, hour, day of the month, month, day of the week; `*`, numbers, names, lists, ranges, steps. Unlike crontab, a day must
 * match both of its fields, so that `0 10 1-7 * tue` is the first Tuesday. Returns a sentence where it cannot be read or never fires.
 */
export function parseCron(written: string): Cron | string {
  const fields = written.trim().split(/\s+/);
  const names = Object.keys(FIELDS) as (keyof Cron)[];
  if (fields.length !== names.length)
    return `expected five fields (minute, hour, day of the month, month, day of the week) and found ${fields.length}`;
  const cron: Partial<Record<keyof Cron, readonly number[]>> = {};
  for (const [index, name] of names.entries()) {
    const values = valuesOf(fields[index] ?? '', FIELDS[name]);
    if (typeof values === 'string') return values;
    cron[name] = name === 'weekdays' ? sorted(values.map((day) => day % 7)) : values;
  }
  const { days = [], months = [] } = cron;
  if (!months.some((month) => days.some((day) => day <= daysIn(month)))) return 'it never fires: no month has that day';
  return cron as Cron;
}

const daysIn = (month: number): number => (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31);

function valuesOf(field: string, about: Field): readonly number[] | string {
  const values: number[] = [];
  for (const part of field.split(',')) {
    const found = rangeOf(part, about);
    if (found === null) return `the ${about.what} is not understood: expected ${tellRange(about)}`;
    for (let value = found.from; value <= found.to; value += found.step) values.push(value);
  }
  return sorted(values);
}

function rangeOf(part: string, about: Field): { from: number; to: number; step: number } | null {
  const [range = '', step = '1', ...more] = part.split('/');
  if (more.length > 0 || !/^\d+$/.test(step) || Number(step) < 1) return null;
  const [first = '', last, ...rest] = range.split('-');
  if (rest.length > 0) return null;
  if (range === '*') return { from: about.min, to: about.names === WEEKDAYS ? 6 : about.max, step: Number(step) };
  const from = numberOf(first, about);
  // As in crontab, 5/15 is 5-59/15.
  const to = last === undefined ? (part.includes('/') ? about.max : from) : numberOf(last, about);
  return from === null || to === null || to < from ? null : { from, to, step: Number(step) };
}

function numberOf(written: string, { min, max, names = [] }: Field): number | null {
  const named = names.indexOf(written.toLowerCase());
  if (named >= 0) return named + min;
  const value = /^\d+$/.test(written) ? Number(written) : NaN;
  return value >= min && value <= max ? value : null;
}

const tellRange = ({ min, max, names }: Field): string =>
  names
    ? `${min} to ${max} or ${names[0] ?? ''} to ${names.at(-1) ?? ''}, also as list, range or step`
    : `${min} to ${max}, also as list, range or step`;

const sorted = (values: readonly number[]): number[] => [...new Set(values)].sort((one, other) => one - other);
