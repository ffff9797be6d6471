import { changesServer, withoutLiterals } from '../../activities/audit/statements';

test.each([
  [
    "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = 'it''s \\' a', SOURCE_PORT = 3306",
    'CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = ?, SOURCE_PORT = ?',
  ],
  ['SET GLOBAL super_read_only = ON', 'SET GLOBAL super_read_only = ON'],
  [
    'INSERT INTO `runbooks`.`epoch` (epoch, run) VALUES (7, "x")',
    'INSERT INTO `runbooks`.`epoch` (epoch, run) VALUES (?, ?)',
  ],
  [
    "START REPLICA\n  UNTIL SQL_AFTER_GTIDS = '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5'",
    'START REPLICA UNTIL SQL_AFTER_GTIDS = ?',
  ],
  ['KILL ?', 'KILL ?'],
  ['ALTER EVENT `shop2`.`e1` ENABLE', 'ALTER EVENT `shop2`.`e1` ENABLE'],
  ["SET GLOBAL x = 'never closed", 'text withheld'],
])('%s is written down without its literals', (sql, written) => expect(withoutLiterals(sql)).toBe(written));

test.each([
  ['SET GLOBAL super_read_only = ON', true],
  ['SET PERSIST super_read_only = ON', true],
  ['STOP REPLICA IO_THREAD', true],
  ['KILL 12', true],
  ['INSERT INTO `runbooks`.`epoch` VALUES (1)', true],
  ['SET SESSION lock_wait_timeout = 1', false],
  ['SELECT 1', false],
  ['COMMIT', false],
  ['INSERT INTO `runbooks`.`heartbeat` VALUES (?)', false],
])('%s: is it written down? %s', (sql, expected) => expect(changesServer(sql)).toBe(expected));
