import fc from 'fast-check';
import { type KnownBackup, type Verification } from '../../workflows/decisions/backups/manifest';
import { abandoned, decideRetention, promisedBases } from '../../workflows/decisions/backups/retention';

const NOW = Date.parse('2026-11-21T00:00:00Z');
const DAY = 86_400_000;
const backup = (
  daysAgo: number,
  verdict: Verification['verdict'] | null = null,
  base: string | null = null,
): KnownBackup => {
  const at = new Date(NOW - daysAgo * DAY).toISOString();
  return {
    manifest: { id: idOf(daysAgo), startedAt: at, endedAt: at, base } as KnownBackup['manifest'],
    verified: verdict && ({ verdict } as Verification),
  };
};
const idOf = (daysAgo: number) =>
  `${new Date(NOW - daysAgo * DAY).toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z-x`;
const POLICY = { atLeast: 1, days: 3, weeks: 0, months: 0, promisedDays: 0 };
const kept = (backups: KnownBackup[], policy = {}) =>
  decideRetention(backups, { ...POLICY, ...policy }, NOW).keep.map(({ id }) =>
    backups.findIndex((one) => one.manifest.id === id),
  );

test('the only proven backup stays, however old it is', () => {
  const all = [backup(400, 'proven'), backup(90), backup(2)];
  expect(kept(all)).toEqual([2, 0]);
  expect(decideRetention(all, POLICY, NOW).keep.at(-1)?.because).toBe('the newest that is proven');
  expect(decideRetention(all, POLICY, NOW).remove).toEqual([idOf(90)]);
});

test('one whose verification failed counts for nothing: the sound one before it stays', () => {
  expect(kept([backup(30), backup(20), backup(10, 'failed')])).toEqual([1]);
});

test('the base of what is promised stays: the newest before the window, and the newest proven before it', () => {
  expect(
    kept([backup(12, 'proven'), backup(9), backup(8), backup(5), backup(1, 'proven')], { promisedDays: 7 }),
  ).toEqual([4, 2, 0]);
});

test('what is promised is reached from the newest sound one before it, and from a proven one', () => {
  const bases = (backups: KnownBackup[], promisedDays = 7) =>
    promisedBases(backups, { ...POLICY, promisedDays }, NOW).map(({ manifest }) => manifest.id);
  const all = [backup(20, 'proven'), backup(12, 'proven'), backup(9), backup(8, 'failed'), backup(5, 'proven')];
  expect(bases(all)).toEqual([idOf(9), idOf(12)]);
  expect(bases([backup(12), backup(9, 'proven')])).toEqual([idOf(9)]);
  expect(bases([backup(8, 'failed'), backup(5)])).toEqual([]);
  expect(bases(all, 0)).toEqual([]);
});

test('weeks and months keep the newest of each', () => {
  expect(
    kept([backup(70), backup(45), backup(40), backup(16), backup(15), backup(1)], { weeks: 2, months: 3 }),
  ).toEqual([5, 4, 2, 0]);
});

test('what a kept incremental needs stays, too, down to the full one', () => {
  expect(kept([backup(20), backup(10, null, idOf(20)), backup(1, null, idOf(10))])).toEqual([2, 1, 0]);
});

test('whatever the policy says, the newest proven one is never removed, and nothing is both kept and removed', () => {
  const verdict = fc.constantFrom(null, 'proven' as const, 'failed' as const);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 500 }), verdict), {
        selector: ([days]) => days,
        maxLength: 30,
      }),
      fc.record({
        atLeast: fc.integer({ min: 1, max: 5 }),
        days: fc.nat(20),
        weeks: fc.nat(4),
        months: fc.nat(4),
        promisedDays: fc.nat(30),
      }),
      (written, policy) => {
        const all = written.map(([days, said]) => backup(days, said));
        const { keep, remove } = decideRetention(all, policy, NOW);
        expect([...keep.map(({ id }) => id), ...remove].sort()).toEqual(all.map(({ manifest }) => manifest.id).sort());
        const proven = all
          .filter(({ verified }) => verified?.verdict === 'proven')
          .map(({ manifest }) => manifest.id)
          .sort()
          .at(-1);
        if (proven !== undefined) expect(remove).not.toContain(proven);
        for (const { manifest } of promisedBases(all, policy, NOW)) expect(remove).not.toContain(manifest.id);
      },
    ),
  );
});

test('what was begun a week ago and has no manifest is nobody’s any more', () => {
  expect(abandoned([idOf(8), idOf(6), 'what-is-this'], NOW)).toEqual([idOf(8)]);
});
