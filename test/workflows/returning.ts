import { type InstanceFacts, type Member } from '../../workflows/decisions/facts';
import { A, P, sighting } from '../decisions/facts';
import { primary, replica, snapshotOf } from '../decisions/members';
import { type Scene } from './stage';

/** db2 was promoted in place of db1; db1 comes back as a server must: closed, copying from nobody. */
const epoch = (number: number, primaryUuid: string) => ({ epoch: { epoch: number, primaryUuid, run: 'r' } });
const executed = (set: string) => ({ gtid: { mode: 'ON', executed: set, purged: '' } });
const now = primary('db2', { ...executed(`${P}:1-100,${A}:1-10`), ...epoch(2, A) });
const third = replica('db3', 'db2', { ...executed(`${P}:1-100,${A}:1-10`), ...epoch(2, A) });

const closed = (set: string): InstanceFacts =>
  primary('db1', { ...executed(set), ...epoch(1, P), readOnly: true, superReadOnly: true });

export const back = closed(`${P}:1-100`);
/** Three transactions are its own. */
export const ahead = closed(`${P}:1-103`);
export const open = primary('db1', { ...executed(`${P}:1-100`), ...epoch(1, P) });
export const closedPrimary = { ...now, readOnly: true };

/** One look for each state of db1; the last one stays. */
export const returning = (first: Member, ...later: readonly Member[]): Partial<Scene> => ({
  looks: [sighting([first, now, third])],
  frozen: (later.length > 0 ? later : [first]).map((db1) => snapshotOf(db1, now, third)),
});
