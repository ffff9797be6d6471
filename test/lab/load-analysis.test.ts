import { doublePrimaries, lost, rowKey, tenures, writeGap, type Acknowledgement } from '../../lab/load';

const ack = (atMs: number, by = 'a', sequence = atMs): Acknowledgement => ({
  writer: 1,
  sequence,
  atMs,
  by,
  how: 'inserted',
});

test('a write that was acknowledged and is not among the rows is lost', () => {
  const rows = new Set([rowKey({ writer: 1, sequence: 10 })]);
  expect(lost([ack(10), ack(20)], rows)).toEqual([ack(20)]);
});

test('the gap is the silence, not the first answer after the fault: answers on their way still arrive', () => {
  expect(writeGap([ack(90), ack(99), ack(100.2), ack(700), ack(705)], 100)).toEqual({
    lastBeforeMs: 100.2,
    firstAfterMs: 700,
    sinceFaultMs: 600,
    silenceMs: 599.8,
  });
});

test('without an answer after the fault, writes have not resumed and nothing is measured', () => {
  expect(writeGap([ack(90)], 100)).toEqual({
    lastBeforeMs: 90,
    firstAfterMs: null,
    sinceFaultMs: null,
    silenceMs: null,
  });
});

test('a takeover is two tenures and no double primary', () => {
  const seen = [ack(1), ack(2), ack(9, 'b'), ack(10, 'b')];
  expect(tenures(seen).map(({ by, count }) => [by, count])).toEqual([
    ['a', 2],
    ['b', 2],
  ]);
  expect(doublePrimaries(seen)).toEqual([]);
});

test('an old primary that acknowledges once more after the new one is a double primary', () => {
  const seen = [ack(1), ack(9, 'b'), ack(10, 'a'), ack(11, 'b')];
  expect(doublePrimaries(seen)).toEqual([{ by: 'a', firstMs: 10, lastMs: 10, count: 1 }]);
});

test('a row that the new primary has from the old one, found by a client that tries again, is no write of the old one', () => {
  const seen = [ack(1), ack(9, 'b'), { ...ack(10, 'a'), how: 'found' as const }, ack(11, 'b')];
  expect(doublePrimaries(seen)).toEqual([]);
});

test('a server that was rightly primary twice is named as expected and not reported', () => {
  const seen = [ack(1), ack(9, 'b'), ack(20)];
  expect(doublePrimaries(seen, ['a', 'b', 'a'])).toEqual([]);
  expect(doublePrimaries(seen)).toHaveLength(1);
});
