import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Lab, startLab } from '../../lab';
import {
  GtidSetError,
  parseGtidSet,
  print,
  subtract,
  subtractText,
  union,
  contains,
} from '../../workflows/decisions/gtid-set';

/** Our GTID sets must mean what the server's do: the same text parsed, subtracted, united and compared by a real one. */
let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    folder: mkdtempSync(join(tmpdir(), 'gtid-')),
    replicas: 0,
    router: 'none',
    lifetime: 'starter',
  });
});
afterAll(() => lab.down());

const uuids = [1, 2, 3].map((n) => `0000000${n}-1111-2222-3333-44444444444${n}`);
const untidy = fc.constantFrom('', '', ' ', '\n');

const interval = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.nat({ max: 9 }), untidy)
  .map(([first, more, space]) => (more === 0 ? String(first) : `${first}${space}-${space}${first + more}`));
const series = fc.array(interval, { minLength: 1, maxLength: 6 });
const tagged = fc.tuple(fc.constantFrom('a', 'Ab', 'b_1', '_c', 'zzz'), series).map(([tag, all]) => [tag, ...all]);
const member = fc
  .tuple(
    fc.constantFrom(...uuids, ...uuids.map((uuid) => uuid.toUpperCase())),
    fc.array(series, { maxLength: 1 }),
    fc.array(tagged, { maxLength: 3 }),
    untidy,
  )
  .filter(([, plain, tags]) => plain.length + tags.length > 0)
  .map(([uuid, plain, tags, space]) => [uuid, ...plain.flat(), ...tags.flat()].join(`${space}:${space}`));
const setText = fc
  .tuple(fc.array(member, { maxLength: 4 }), fc.constantFrom(',', ', ', ',\n', ' ,,'))
  .map(([members, comma]) => members.join(comma));

/** Many pairs in one round trip. */
async function askServer(pairs: readonly (readonly [string, string])[], expression: string): Promise<unknown[]> {
  const values = pairs.map(([a, b]) => ({ a, b }));
  const rows = await lab.rows(
    'db1',
    `SELECT ${expression} AS answer FROM JSON_TABLE(?, '$[*]' COLUMNS (n FOR ORDINALITY, a TEXT PATH '$.a', b TEXT PATH '$.b')) AS pairs ORDER BY n`,
    [JSON.stringify(values)],
  );
  return rows.map((row) => row['answer']);
}

describe('on 1,500 random pairs, tags and untidy text included', () => {
  const pairs = fc.sample(fc.tuple(setText, setText), 1500);
  const ours = pairs.map(([a, b]) => [parseGtidSet(a), parseGtidSet(b)] as const);

  test('a set is printed as the server prints it', async () =>
    expect(ours.map(([a]) => print(a))).toEqual(await askServer(pairs, `GTID_SUBTRACT(a, '')`)));

  test('subtract is GTID_SUBTRACT', async () =>
    expect(ours.map(([a, b]) => print(subtract(a, b)))).toEqual(await askServer(pairs, 'GTID_SUBTRACT(a, b)')));

  test('union is what the server makes of both texts in one', async () =>
    expect(ours.map(([a, b]) => print(union(a, b)))).toEqual(
      await askServer(pairs, `GTID_SUBTRACT(CONCAT(a, ',', b), '')`),
    ));

  test('contains is GTID_SUBSET with the arguments the other way round', async () => {
    // Random sets are hardly ever subsets: half of the questions are about one that is.
    const asked = pairs.map(([a, b], index): [string, string] => (index % 2 ? [a, b] : [a, subtractText(a, b)]));
    const answers = (await askServer(asked, 'GTID_SUBSET(b, a)')).map((answer) => Number(answer) === 1);
    expect(asked.map(([a, b]) => contains(parseGtidSet(a), parseGtidSet(b)))).toEqual(answers);
    expect(new Set(answers).size).toBe(2);
  });
});

const U = uuids[0]!;
test.each([
  ['no number', `${U}:`],
  ['number nought', `${U}:0`],
  ['an open interval', `${U}:1-`],
  ['a tag of 33 letters', `${U}:${'t'.repeat(33)}:1`],
  ['a digit too many in the uuid', `${U}0:1`],
  ['two members without a comma', `${U}:1 ${U}:1`],
  ['words', 'hello'],
])('the server refuses what we refuse: %s', async (_, text) => {
  expect(() => parseGtidSet(text)).toThrow(GtidSetError);
  await expect(lab.value('db1', 'SELECT GTID_SUBTRACT(?, ?)', [text, ''])).rejects.toThrow(/malformed/i);
});

test.each([
  ['a uuid alone', U],
  ['a tag without numbers', `${U}:tag`],
  ['a backward interval', `${U}:5-1`],
])('the server reads nothing where we tell a slip: %s', async (_, text) => {
  expect(() => parseGtidSet(text)).toThrow(GtidSetError);
  expect(await lab.value('db1', 'SELECT GTID_SUBTRACT(?, ?)', [text, ''])).toBe('');
});

test('the server counts further than we do, and we say so instead of rounding', async () => {
  const text = `${U}:9007199254740993`;
  expect(() => parseGtidSet(text)).toThrow('above 9007199254740991 are not supported');
  expect(await lab.value('db1', 'SELECT GTID_SUBTRACT(?, ?)', [text, ''])).toBe(text);
});

test('the server takes a tag of 32 letters, and so do we', async () => {
  const text = `${U}:${'t'.repeat(32)}:1`;
  expect(print(parseGtidSet(text))).toBe(await lab.value('db1', 'SELECT GTID_SUBTRACT(?, ?)', [text, '']));
});
