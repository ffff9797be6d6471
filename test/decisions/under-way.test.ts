import { type InstanceDetail, type InstanceFacts, type Job, type SchemaChange } from '../../workflows/decisions/facts';
import { type Refusal } from '../../workflows/decisions/refusal';
import { leftOver, underWay, underWayOn } from '../../workflows/decisions/under-way';
import { primary, replica, snapshotOf, soundDetail, uuidOf } from './members';

const busy = (change: Partial<InstanceDetail>) => ({ detail: soundDetail(change) });
const job = (kind: Job['kind'], by = '', sessions = [12]): Partial<InstanceDetail> => ({
  jobs: [{ kind, by, sessions, user: 'etl' }],
});
const ghost = (writtenSecondsAgo: number | null): Partial<InstanceDetail> => ({
  schemaChanges: [{ tool: 'gh-ost', table: 'shop.x', made: ['shop._x_gho', 'shop._x_ghc'], writtenSecondsAgo }],
});
const db1 = (change: Partial<InstanceDetail> = {}) => primary('db1', busy(change));
const db2 = (change: Partial<InstanceDetail> = {}) => replica('db2', 'db1', busy(change));

const look = (head: InstanceFacts, candidate: InstanceFacts = db2()): Refusal[] => {
  const others = replica('db3', 'db1', busy(job('clone donor')));
  return [...underWay(snapshotOf(head, candidate, others), head), ...underWayOn(candidate)];
};
const told = (refusals: readonly Refusal[]) => refusals.map(({ sentence, cure }) => `${sentence}: ${cure}`);

test('nothing is under way but what runs on a third server: the move may begin', () => {
  expect(look(db1(job('binlog reader', uuidOf('db2'))))).toEqual([]);
});

test.each([
  [
    'a CLONE fills the candidate',
    db1(),
    db2(job('clone', '10.0.0.9:3306')),
    'CLONE from 10.0.0.9:3306 runs on db2 (session 12 of etl): wait for its end (performance_schema.clone_status on db2), or end it there: KILL 12',
  ],
  [
    'the primary is the donor of one',
    db1(job('clone donor', '', [40, 41])),
    db2(),
    'db1 is being cloned (sessions 40, 41 of etl): wait for its end (performance_schema.clone_status on the recipient), or end it there',
  ],
  [
    'a backup by its program',
    db1(job('backup', 'mysqldump')),
    db2(),
    'mysqldump (session 12 of etl) runs on db1: let it end, or end it on db1: KILL 12',
  ],
  [
    'one on the candidate, with many sessions',
    db1(),
    db2(job('backup', 'mydumper', [7, 8])),
    'mydumper (sessions 7, 8 of etl) runs on db2: let it end, or end it on db2: KILL 7; KILL 8',
  ],
  [
    'one by its lock on the candidate',
    db1(),
    db2(job('backup lock', 'LOCK INSTANCE FOR BACKUP')),
    'session 12 of etl holds LOCK INSTANCE FOR BACKUP on db2: let it end, or end it on db2: KILL 12',
  ],
  [
    'one that nobody can name',
    db1(job('snapshot', '300 s')),
    db2(),
    'session 12 of etl has read for 300 s from one snapshot, as a backup does, on db1: let it end, or end it on db1: KILL 12',
  ],
  [
    'a gh-ost that writes its changelog',
    db1(ghost(1)),
    db2(),
    'gh-ost works on shop.x: let it finish, or end it (panic on its socket) and drop what it made: DROP TABLE shop._x_gho, shop._x_ghc',
  ],
  [
    'a gh-ost that may be asleep: somebody who is no member reads a binary log',
    db1(ghost(null)),
    db2(job('binlog reader', '')),
    'gh-ost may work on shop.x: shop._x_gho, shop._x_ghc stand there, and session 12 of etl reads the binary log of db2 and is no member: let it finish, or end it (panic on its socket) and drop what it made: DROP TABLE shop._x_gho, shop._x_ghc',
  ],
  [
    'a pt-online-schema-change',
    db1(job('schema change', 'pt-online-schema-change')),
    db2(),
    'pt-online-schema-change runs on db1 (session 12 of etl): let it finish, or end it: KILL 12; then drop its triggers before its new table',
  ],
  [
    'its triggers',
    db1({
      schemaChanges: [
        {
          tool: 'pt-online-schema-change',
          table: 'shop.x',
          made: ['shop.pt_osc_shop_x_ins', 'shop.pt_osc_shop_x_del'],
          writtenSecondsAgo: null,
        },
      ] satisfies SchemaChange[],
    }),
    db2(),
    'pt-online-schema-change works on shop.x, or has left shop.pt_osc_shop_x_ins, shop.pt_osc_shop_x_del behind: let it finish; if it runs no more: DROP TRIGGER shop.pt_osc_shop_x_ins; DROP TRIGGER shop.pt_osc_shop_x_del, then drop its new table',
  ],
  [
    'what could not be seen',
    db1({ notRead: [{ part: 'clones and backups', because: 'db1: denied' }] }),
    db2(),
    'clones and backups of db1 could not be read (db1: denied): runbook doctor names the missing GRANT; where the server was only slow, start this again',
  ],
] as const)('refuses: %s', (_, head, candidate, sentence) => {
  expect(told(look(head, candidate))).toEqual([sentence]);
});

test.each(['db1', 'db2'])('refuses while %s does not record locks, with the statement that turns it on', (name) => {
  const blind = { recordsLocks: false };
  const [refusal, ...others] = look(db1(name === 'db1' ? blind : {}), db2(name === 'db2' ? blind : {}));
  expect(others).toEqual([]);
  expect(refusal?.sentence).toBe(
    `${name} does not record who holds table and backup locks, and a freeze would wait behind them`,
  );
  expect(refusal?.cure).toMatch(
    new RegExp(`^on ${name}: UPDATE performance_schema.setup_instruments SET ENABLED = 'YES' WHERE NAME = 'wait/`),
  );
});

test('a backup lock on the primary is left to the drain, which waits for it', () => {
  expect(look(db1(job('backup lock', 'FLUSH TABLES WITH READ LOCK')))).toEqual([]);
});

test('what could not be seen and does not matter here refuses nothing', () => {
  expect(look(db1({ notRead: [{ part: 'tables that are not InnoDB', because: 'slow' }] }))).toEqual([]);
});

test('tables of a gh-ost that writes no more, with nobody reading binary logs, are left over: told, and no reason to refuse', () => {
  const head = db1(ghost(3600));
  expect(look(head)).toEqual([]);
  expect(leftOver(snapshotOf(head, db2()), head)).toEqual([
    'a gh-ost that runs no more has left tables on db1: DROP TABLE shop._x_gho, shop._x_ghc',
  ]);
});
