import { isWorthTelling, type StageProgress, tellStage } from '../../workflows/decisions/progress';

const at = (done: number, change: Partial<StageProgress> = {}): StageProgress => ({
  ...{ stage: 'FILE COPY', done, total: 1e9, unit: 'bytes', rate: 50e6, etaSeconds: 15 },
  ...change,
});

test('how far a step is stands in one line, with what is not known left out', () => {
  expect(tellStage(at(250e6))).toBe('FILE COPY: 250 MB of 1 GB, 50 MB/s, 15 s left');
  expect(tellStage(at(12_345, { total: null, rate: 0, etaSeconds: null }))).toBe('FILE COPY: 12.3 kB');
  const rows = at(20, { unit: 'tables', total: 90, rate: 2, etaSeconds: 7_300 });
  expect(tellStage(rows)).toBe('FILE COPY: 20 of 90 tables, 2/s, 2 h left');
});

test('another stage, two percent more or ten seconds later are worth a line in the history', () => {
  const before = { progress: at(100e6), atMs: 0 };
  expect(isWorthTelling(null, at(0), 0)).toBe(true);
  expect(isWorthTelling(before, at(110e6), 9_000)).toBe(false);
  expect(isWorthTelling(before, at(120e6), 1)).toBe(true);
  expect(isWorthTelling(before, at(100e6), 10_000)).toBe(true);
  expect(isWorthTelling(before, at(0, { stage: 'REDO COPY' }), 1)).toBe(true);
});
