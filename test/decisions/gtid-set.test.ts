import {
  contains,
  containsText,
  count,
  countText,
  emptyGtidSet,
  equals,
  GtidSetError,
  intersectText,
  isEmpty,
  only,
  parseGtidSet,
  print,
  subtractText,
  unionText,
  uuidsOf,
  without,
} from '../../workflows/decisions/gtid-set';

const A = 'aaaaaaaa-0000-0000-0000-000000000001';
const B = 'bbbbbbbb-0000-0000-0000-000000000002';
const canonical = (text: string): string => print(parseGtidSet(text));

describe('text that a server or a person may give', () => {
  test.each([
    ['nothing', '', ''],
    ['only white space', ' \n\t', ''],
    ['one transaction', `${A}:1`, `${A}:1`],
    ['an interval of one', `${A}:5-5`, `${A}:5`],
    ['several intervals', `${A}:1-5:7`, `${A}:1-5:7`],
    ['unordered intervals', `${A}:7:1-5`, `${A}:1-5:7`],
    ['overlapping intervals', `${A}:1-5:3-9`, `${A}:1-9`],
    ['one interval inside another', `${A}:1-9:3-4:12`, `${A}:1-9:12`],
    ['touching intervals', `${A}:1-5:6-9`, `${A}:1-9`],
    ['touching intervals, the later first', `${A}:6-9:1-5`, `${A}:1-9`],
    ['upper case', `${A.toUpperCase()}:1`, `${A}:1`],
    ['servers in any order', `${B}:1,${A}:1`, `${A}:1,\n${B}:1`],
    ['one server twice', `${A}:1-2,${B}:1,${A}:4`, `${A}:1-2:4,\n${B}:1`],
    ['line ends and spaces', ` ${A} : 1 - 5 : 7 ,\r\n ${B}:1 `, `${A}:1-5:7,\n${B}:1`],
    ['empty members between commas', `,${A}:1,,${B}:1,`, `${A}:1,\n${B}:1`],
    ['a tag', `${A}:site:5-9`, `${A}:site:5-9`],
    ['numbers before and behind a tag', `${A}:1-3:site:5-9`, `${A}:1-3:site:5-9`],
    ['tags sort behind no tag, then by byte', `${A}:zoo:1:b_c:2:bb:3,${A}:7`, `${A}:7:b_c:2:bb:3:zoo:1`],
    ['a tag in upper case', `${A}:Site:1`, `${A}:site:1`],
    ['the same tag twice', `${A}:site:1:other:1:site:2`, `${A}:other:1:site:1-2`],
    ['a tag that looks like a number with letters', `${A}:_1a:1`, `${A}:_1a:1`],
    ['the greatest number that is exact', `${A}:1-9007199254740991`, `${A}:1-9007199254740991`],
  ])('%s', (_, text, printed) => expect(canonical(text)).toBe(printed));
});

function refusalOf(text: string): GtidSetError {
  try {
    parseGtidSet(text);
  } catch (error) {
    if (error instanceof GtidSetError) return error;
  }
  throw new Error('the text was not refused by a GtidSetError');
}

describe('nonsense is refused, and the position named', () => {
  test.each([
    ['words', 'hello', 1, 'expected a server UUID'],
    ['a uuid alone', A, 37, 'expected ":" and a transaction number at position 37, where the text ends'],
    ['no number', `${A}:`, 38, 'expected a transaction number or a tag'],
    ['number nought', `${A}:0`, 38, 'transaction numbers begin at 1'],
    ['a backward interval', `${A}:1:5-1`, 40, 'an interval ends before it begins'],
    ['an open interval', `${A}:1-`, 40, 'expected a transaction number'],
    ['a tag without numbers', `${A}:site`, 42, 'expected ":" and a transaction number'],
    ['a tag of 33 letters', `${A}:${'t'.repeat(33)}:1`, 38, 'expected a transaction number or a tag'],
    ['two members without a comma', `${A}:1 ${B}:1`, 40, `expected "," or ":" at position 40, near "${B}:1"`],
    ['a digit too many in the uuid', `${A}0:1`, 1, 'expected a server UUID'],
    ['a number that would be rounded', `${A}:9007199254740992`, 38, 'above 9007199254740991 are not supported'],
    ['a file name and position', 'binlog.000001:4', 1, 'near "binlog.000001:4"'],
  ])('%s', (_, text, position, words) => {
    const error = refusalOf(text);
    expect(error.message).toContain(words);
    expect(error.position).toBe(position);
  });
});

describe('what an operator asks of sets', () => {
  test('the transactions that a replica lacks', () =>
    expect(subtractText(`${A}:1-100,${B}:1-5`, `${A}:1-90:95`)).toBe(`${A}:91-94:96-100,\n${B}:1-5`));

  test('an errant transaction between two that are not', () =>
    expect(subtractText(`${A}:1-10`, `${A}:1-4:6-10`)).toBe(`${A}:5`));

  test('executed and retrieved together', () => expect(unionText(`${A}:1-90`, `${A}:91-95`)).toBe(`${A}:1-95`));

  test('what two replicas share', () =>
    expect(intersectText(`${A}:1-10:20-30,${B}:1`, `${A}:5-25`)).toBe(`${A}:5-10:20-25`));

  test('a tagged transaction is another one than the untagged of the same number', () => {
    expect(containsText(`${A}:1-9`, `${A}:site:5`)).toBe(false);
    expect(subtractText(`${A}:1-9:site:1-9`, `${A}:5:site:1-3`)).toBe(`${A}:1-4:6-9:site:4-9`);
  });

  test('the greater set comes first in contains', () => {
    const [more, less] = [parseGtidSet(`${A}:1-9`), parseGtidSet(`${A}:2-3`)];
    expect([contains(more, less), contains(less, more), contains(more, more)]).toEqual([true, false, true]);
    expect([contains(less, emptyGtidSet), contains(emptyGtidSet, less)]).toEqual([true, false]);
  });

  test('how many, by whom, and of one server only', () => {
    const set = parseGtidSet(`${A}:1-3:7:site:5-9,${B}:4`);
    expect(count(set)).toBe(10);
    expect(countText('')).toBe(0);
    expect(uuidsOf(set)).toEqual([A, B]);
    expect(print(only(set, A.toUpperCase()))).toBe(`${A}:1-3:7:site:5-9`);
    expect(print(without(set, A.toUpperCase()))).toBe(`${B}:4`);
    expect(isEmpty(only(set, 'cccccccc-0000-0000-0000-000000000003'))).toBe(true);
  });

  test('sets are equal however they were written', () => {
    expect(equals(parseGtidSet(`${A}:1-3:4`), parseGtidSet(`${A.toUpperCase()}:2-4:1-2`))).toBe(true);
    expect(equals(parseGtidSet(`${A}:1-3`), parseGtidSet(`${A}:1-4`))).toBe(false);
    expect(equals(parseGtidSet(`${A}:1-4`), parseGtidSet(`${A}:1-3`))).toBe(false);
  });
});
