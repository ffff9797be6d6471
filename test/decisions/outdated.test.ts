import { isOutdated } from '../../workflows/decisions/evidence';
import { P, seen } from './facts';
import { primary, replica, silent, snapshotOf, uuidOf } from './members';

const knows = (epoch: number, primaryUuid: string) => ({ epoch: { epoch, primaryUuid, run: 'r' } });

test.each([
  ['another was promoted since', 7, uuidOf('db2'), 6, true],
  ['it was promoted itself', 7, P, 6, false],
  ['the promotion is older than the memory: it was moved without a runbook since', 7, uuidOf('db2'), 7, false],
  ['the memory knows of no epochs', 7, uuidOf('db2'), undefined, false],
])('a memory of a primary: %s', (_, epoch, owner, known, outdated) => {
  const members = [silent('db1'), primary('db2'), replica('db3', 'db2', knows(epoch, owner))];
  expect(isOutdated(seen('', { epoch: known }), snapshotOf(...members))).toBe(outdated);
});

test('nobody was ever promoted by a runbook: no memory is outdated', () => {
  expect(isOutdated(seen('', { epoch: 0 }), snapshotOf(silent('db1'), replica('db2', 'db1')))).toBe(false);
});
