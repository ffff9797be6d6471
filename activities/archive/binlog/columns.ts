import { packed, take, unsigned, type Cursor } from './numbers';

/** A column as far as its values' lengths depend on it. */
export interface Column {
  readonly type: number;
  /** As it stands in the table map: each type has a meaning of its own for it. */
  readonly meta: number;
}

/** Types as binary logs number them. Source: MySQL source, field_types.h; lengths: rpl_utility, log_event_field. */
const T = {
  tiny: 1, short: 2, long: 3, float: 4, double: 5, null: 6, timestamp: 7, longlong: 8, int24: 9, date: 10, time: 11, datetime: 12,
  year: 13, newDate: 14, varchar: 15, bit: 16, timestamp2: 17, datetime2: 18, time2: 19, typedArray: 20, vector: 242, json: 245,
  newDecimal: 246, enum: 247, set: 248, blob: 252, varString: 253, string: 254, geometry: 255,
} as const; // prettier-ignore

const FIXED: Readonly<Record<number, number>> = {
  [T.tiny]: 1,
  [T.short]: 2,
  [T.long]: 4,
  [T.null]: 0,
  [T.timestamp]: 4,
  [T.longlong]: 8,
  [T.int24]: 3,
  [T.date]: 3,
  [T.time]: 3,
  [T.datetime]: 8,
  [T.year]: 1,
  [T.newDate]: 3,
};

const WITH_ONE_BYTE: readonly number[] = [
  T.float, T.double, T.blob, T.geometry, T.json, T.vector, T.timestamp2, T.datetime2, T.time2,
]; // prettier-ignore
const WITH_TWO_BYTES: readonly number[] = [T.varchar, T.bit, T.newDecimal, T.string, T.enum, T.set, T.varString];
/** Their first byte of two is a type of its own, the second a length. */
const FIRST_BYTE_HIGH: readonly number[] = [T.newDecimal, T.string, T.enum, T.set, T.varString];

export function readColumns(cursor: Cursor): Column[] {
  const types = take(cursor, packed(cursor));
  const metadata: Cursor = { bytes: take(cursor, packed(cursor)), at: 0 };
  return Array.from(types, (type): Column => {
    if (WITH_ONE_BYTE.includes(type)) return { type, meta: unsigned(metadata, 1) };
    if (!WITH_TWO_BYTES.includes(type)) return { type, meta: 0 };
    if (!FIRST_BYTE_HIGH.includes(type)) return { type, meta: unsigned(metadata, 2) };
    return { type, meta: (unsigned(metadata, 1) << 8) | unsigned(metadata, 1) };
  });
}

export const isJson = ({ type }: Column): boolean => type === T.json;

/** Pass over one value that is not NULL. Throws RangeError for a type that is not known. */
export function skipValue(cursor: Cursor, { type, meta }: Column): void {
  take(cursor, valueBytes(cursor, type, meta));
}

function valueBytes(cursor: Cursor, type: number, meta: number): number {
  const fixed = FIXED[type];
  if (fixed !== undefined) return fixed;
  switch (type) {
    case T.float:
    case T.double:
      return meta;
    case T.varchar:
      return unsigned(cursor, meta > 255 ? 2 : 1);
    case T.blob:
    case T.geometry:
    case T.json:
    case T.vector:
      return unsigned(cursor, meta);
    case T.bit:
      return (meta >> 8) + ((meta & 0xff) > 0 ? 1 : 0);
    case T.timestamp2:
      return 4 + ((meta + 1) >> 1);
    case T.datetime2:
      return 5 + ((meta + 1) >> 1);
    case T.time2:
      return 3 + ((meta + 1) >> 1);
    case T.newDecimal:
      return decimalBytes(meta >> 8, meta & 0xff);
    case T.enum:
    case T.set:
      return meta & 0xff;
    case T.string:
    case T.varString:
      return stringBytes(cursor, meta);
    default:
      throw new RangeError(`values of type ${type} are not known`);
  }
}

/** CHAR hides ENUM, SET, and two bits of a length beyond 255 in its own type. */
function stringBytes(cursor: Cursor, meta: number): number {
  const [kind, length] = [meta >> 8, meta & 0xff];
  if (kind === T.enum || kind === T.set) return length;
  const longest = (((kind & 0x30) ^ 0x30) << 4) | length;
  return unsigned(cursor, longest > 255 ? 2 : 1);
}

const DIGIT_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

function decimalBytes(precision: number, scale: number): number {
  const bytesOf = (digits: number) => Math.floor(digits / 9) * 4 + (DIGIT_BYTES[digits % 9] ?? 0);
  return bytesOf(precision - scale) + bytesOf(scale);
}
