import fc from 'fast-check';
import {
  contains,
  count,
  emptyGtidSet,
  equals,
  intersect,
  isEmpty,
  only,
  parseGtidSet,
  print,
  subtract,
  union,
  without,
  type GtidSet,
} from '../../workflows/decisions/gtid-set';

const uuids = [1, 2, 3].map((n) => `0000000${String(n)}-1111-2222-3333-444444444444`);

/** Small numbers and few sources, so that sets overlap, touch and enclose each other all the time. */
const memberText = fc
  .record({
    uuid: fc.constantFrom(...uuids, ...uuids.map((uuid) => uuid.toUpperCase())),
    series: fc.array(
      fc.record({
        tag: fc.constantFrom('', 'a', 'A', '_b'),
        intervals: fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat({ max: 6 })), {
          minLength: 1,
          maxLength: 6,
        }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ uuid, series }) => {
    const untaggedFirst = [...series].sort((a, b) => Number(a.tag !== '') - Number(b.tag !== ''));
    const texts = untaggedFirst.map(({ tag, intervals }) => {
      const numbers = intervals.map(([first, more]) => (more === 0 ? String(first) : `${first}-${first + more}`));
      return [...(tag === '' ? [] : [tag]), ...numbers].join(':');
    });
    return `${uuid}:${texts.join(':')}`;
  });
const setText = fc.array(memberText, { maxLength: 4 }).map((members) => members.join(', \n'));
const anySet = setText.map(parseGtidSet);

/** The naive model: every transaction as a string, read by splitting. */
function modelOf(text: string): Set<string> {
  const model = new Set<string>();
  for (const member of text.split(',').map((part) => part.trim().toLowerCase())) {
    const [uuid = '', ...words] = member.split(':');
    let tag = '';
    for (const word of words) {
      if (/^[a-z_]/.test(word)) tag = word;
      else {
        const [first, last = first] = word.split('-').map(Number);
        for (let n = first!; n <= last!; n++) model.add(`${uuid}:${tag}:${n}`);
      }
    }
  }
  return model;
}

const asModel = (set: GtidSet): string[] => [...modelOf(print(set))].sort();
const sorted = (values: Iterable<string>): string[] => [...values].sort();
const holds = (law: (a: GtidSet, b: GtidSet, c: GtidSet) => void) =>
  fc.assert(fc.property(anySet, anySet, anySet, law), { numRuns: 500 });
const same = (a: GtidSet, b: GtidSet) => expect(print(a)).toBe(print(b));

describe('against the naive model', () => {
  const agree = (
    ours: (a: GtidSet, b: GtidSet) => GtidSet,
    naive: (a: Set<string>, b: Set<string>) => Iterable<string>,
  ) =>
    fc.assert(
      fc.property(setText, setText, (a, b) => {
        expect(asModel(ours(parseGtidSet(a), parseGtidSet(b)))).toEqual(sorted(naive(modelOf(a), modelOf(b))));
      }),
      { numRuns: 500 },
    );

  test('union', () => agree(union, (a, b) => new Set([...a, ...b])));
  test('subtract', () => agree(subtract, (a, b) => [...a].filter((gtid) => !b.has(gtid))));
  test('intersect', () => agree(intersect, (a, b) => [...a].filter((gtid) => b.has(gtid))));

  test('parse and count', () =>
    fc.assert(
      fc.property(setText, (text) => {
        const set = parseGtidSet(text);
        expect(asModel(set)).toEqual(sorted(modelOf(text)));
        expect(count(set)).toBe(modelOf(text).size);
      }),
      { numRuns: 500 },
    ));

  test('contains', () =>
    fc.assert(
      fc.property(setText, setText, (a, b) => {
        const [outer, inner] = [modelOf(a), modelOf(b)];
        expect(contains(parseGtidSet(a), parseGtidSet(b))).toBe([...inner].every((gtid) => outer.has(gtid)));
      }),
      { numRuns: 500 },
    ));
});

describe('laws', () => {
  test('printing and parsing again changes nothing', () => holds((a) => same(parseGtidSet(print(a)), a)));
  test('union is commutative', () => holds((a, b) => same(union(a, b), union(b, a))));
  test('union is associative', () => holds((a, b, c) => same(union(union(a, b), c), union(a, union(b, c)))));
  test('union is idempotent, and the empty set adds nothing', () =>
    holds((a) => {
      same(union(a, a), a);
      same(union(a, emptyGtidSet), a);
    }));
  test('what is taken away comes back by union', () => holds((a, b) => same(union(subtract(a, b), b), union(a, b))));
  test('a set is what it shares with another and what it does not', () =>
    holds((a, b) => {
      same(union(intersect(a, b), subtract(a, b)), a);
      expect(isEmpty(intersect(subtract(a, b), b))).toBe(true);
    }));
  test('contains is an empty difference', () => holds((a, b) => expect(contains(a, b)).toBe(isEmpty(subtract(b, a)))));
  test('a union contains both, and both contain what they share', () =>
    holds((a, b) => {
      expect([contains(union(a, b), a), contains(union(a, b), b)]).toEqual([true, true]);
      expect([contains(a, intersect(a, b)), contains(b, intersect(a, b))]).toEqual([true, true]);
    }));
  test('equal sets contain each other, and print alike', () =>
    holds((a, b) => expect(equals(a, b)).toBe(print(a) === print(b))));
  test('what one server wrote and what the others wrote is all', () =>
    holds((a) => same(union(only(a, uuids[0]!), without(a, uuids[0]!)), a)));
  test('counts add up', () => holds((a, b) => expect(count(union(a, b))).toBe(count(a) + count(subtract(b, a)))));
});

test('no operation changes its arguments', () =>
  holds((a, b) => {
    const before = [print(a), print(b)];
    union(a, b);
    subtract(a, b);
    intersect(a, b);
    without(a, uuids[0]!);
    expect([print(a), print(b)]).toEqual(before);
  }));

test('a reader of broken text ends with an error or a set, never with anything else', () => {
  const noise = fc
    .tuple(setText, fc.nat({ max: 60 }), fc.string({ maxLength: 3 }))
    .map(([text, at, mess]) => text.slice(0, at) + mess + text.slice(at + 1));
  fc.assert(
    fc.property(noise, (text) => {
      try {
        const set = parseGtidSet(text);
        same(parseGtidSet(print(set)), set);
      } catch (error) {
        expect(error).toHaveProperty('name', 'GtidSetError');
      }
    }),
    { numRuns: 1000 },
  );
});
