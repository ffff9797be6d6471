import fc from 'fast-check';
import { type PromotionRule } from '../../workflows/decisions/cluster';
import { elect } from '../../workflows/decisions/election';
import { containsText, unionText } from '../../workflows/decisions/gtid-set';
import { automatic, deaf, P, seen } from './facts';
import { instance, silent, snapshotOf } from './members';

const gone = silent('db1', 'refused');

/** A replica that received the primary's first `received` transactions, applied some of them, and purged some of those. */
const arbitraryReplica = fc.record({
  received: fc.integer({ min: 0, max: 30 }),
  appliedPart: fc.double({ min: 0, max: 1, noNaN: true }),
  purgedPart: fc.double({ min: 0, max: 1, noNaN: true }),
  errant: fc.boolean(),
  delay: fc.constantFrom(0, 0, 0, 3600),
  promotion: fc.constantFrom<PromotionRule>('prefer', 'neutral', 'prefer_not', 'must_not'),
  broken: fc.boolean(),
});
const errantOf = (index: number): string => `0000000${index}-1111-0000-0000-000000000000:1`;
const upTo = (n: number): string => (n === 0 ? '' : `${P}:1-${n}`);

test('whatever happened: the chosen one plus what it fetches holds all that any sound replica received; else nobody is chosen', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryReplica, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 35 }),
      (replicas, allowBarred, lastSeenUpTo) => {
        const names = replicas.map((_, index) => `db${index + 2}`);
        const members = replicas.map((one, index) => {
          const applied = Math.floor(one.received * one.appliedPart);
          const errant = one.errant ? errantOf(index) : '';
          const executed = unionText(upTo(applied), errant);
          return deaf(
            names[index] as string,
            { executed, retrieved: upTo(one.received), purged: upTo(Math.floor(applied * one.purgedPart)) },
            {},
            { delaySeconds: one.delay, ...(one.broken && { applierError: { code: 1062, message: 'x' } }) },
          );
        });
        const cluster = automatic({
          instances: [
            instance('db1'),
            ...names.map((name, i) => instance(name, { promotion: replicas[i]?.promotion ?? 'neutral' })),
          ],
        });
        const errant = new Map<string, string>();
        replicas.forEach((one, i) => one.errant && errant.set(names[i] ?? '', errantOf(i)));
        const lastSeen = seen(upTo(lastSeenUpTo));
        const found = elect({
          cluster,
          snapshot: snapshotOf(gone, ...members),
          oldPrimary: 'db1',
          lastSeen,
          errant,
          allowBarred,
        });

        const holds = (name: string | null): string => {
          const member = members.find((one) => one.name === name);
          return member ? unionText(member.gtid.executed, member.channels[0]?.retrieved ?? '') : '';
        };
        const sound = members.filter((member) => !errant.has(member.name));
        if (found.chosen === null) {
          // Nobody is left out who could have done it alone.
          const able = found.ranking.filter((one) => one.barred.length === 0 && containsText(one.holds, found.target));
          expect(able).toEqual([]);
          expect(found.fetchFrom).toBeNull();
          return;
        }
        const chosen = found.ranking.find((one) => one.name === found.chosen);
        const together = unionText(holds(found.chosen), holds(found.fetchFrom));
        for (const member of sound) expect(containsText(together, holds(member.name))).toBe(true);
        expect(containsText(together, found.target)).toBe(true);
        // Everything that is known to exist is either there or named.
        expect(containsText(unionText(together, found.missing), upTo(lastSeenUpTo))).toBe(true);
        for (const one of replicas)
          expect(containsText(unionText(together, found.missing), upTo(one.received))).toBe(true);
        expect(chosen?.rule).not.toBe('must_not');
        if (!allowBarred) expect(chosen?.barred).toEqual([]);
        // Errant transactions come only from a server that a human allowed.
        expect(errant.has(found.fetchFrom ?? '')).toBe(false);
      },
    ),
    { numRuns: 1500 },
  );
});
