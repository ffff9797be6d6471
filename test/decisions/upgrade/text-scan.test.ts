import { edited } from '../../../workflows/decisions/upgrade/sql-text';
import { scanText } from '../../../workflows/decisions/upgrade/text-scan';

const FROM = 50_700;
const found = (sql: string, digest = false) => scanText(sql, FROM, digest).map(({ what }) => what);
const rewritten = (sql: string) =>
  edited(
    sql,
    scanText(sql, FROM).flatMap(({ edits }) => edits ?? []),
  );

test.each([
  ['a function that got another name', 'SELECT X(p), `y`(p) FROM t', 'SELECT ST_X(p), `y`(p) FROM t'],
  ['with a blank before its parenthesis', 'SELECT GLENGTH (l)', 'SELECT ST_LENGTH (l)'],
  ['SQL_CACHE', 'SELECT SQL_CACHE a FROM t', 'SELECT  a FROM t'],
  ['EXPLAIN EXTENDED', 'explain extended select 1', 'EXPLAIN select 1'],
  ['\\N', 'SELECT \\N, "\\N" FROM t', 'SELECT NULL, "\\N" FROM t'],
  ['a name with an empty schema', 'SELECT 1 FROM .t', 'SELECT 1 FROM t'],
  ['a reserved word', 'SELECT rank, t.rank, @rank FROM t', 'SELECT `rank`, t.rank, @rank FROM t'],
  ['tx_isolation', 'SET SESSION tx_isolation = "x"', 'SET SESSION transaction_isolation = "x"'],
  ['GROUP BY a DESC', 'SELECT a FROM t GROUP BY a DESC, b', 'SELECT a FROM t GROUP BY a, b ORDER BY a DESC, b'],
  [
    'GROUP BY a DESC before LIMIT',
    'SELECT a FROM t GROUP BY a DESC HAVING a LIMIT 1; SELECT 2',
    'SELECT a FROM t GROUP BY a HAVING a ORDER BY a DESC LIMIT 1; SELECT 2',
  ],
  [
    'GROUP BY a DESC with an ORDER BY of its own',
    'SELECT a FROM t GROUP BY a DESC ORDER BY b',
    'SELECT a FROM t GROUP BY a ORDER BY b',
  ],
  ['GROUP BY a that 5.7 has sorted', 'SELECT a FROM t GROUP BY a', 'SELECT a FROM t GROUP BY a ORDER BY a'],
])('is written anew: %s', (_what, sql, after) => {
  expect(found(sql)).not.toEqual([]);
  expect(rewritten(sql)).toBe(after);
});

test.each([
  [
    'strings, names in quotes and comments',
    'SELECT \'rank\', `rank`, "X(1)" /* ENCODE(1) */ -- GROUP BY a DESC\n # RANK',
  ],
  ['a function of a schema', 'SELECT shop.distance(a, b)'],
  ['a table of the name of a function', 'INSERT INTO distance (a) VALUES (1)'],
  ['a function of 8.0 by its own name', 'SELECT ST_X(p), ST_DISTANCE(a, b)'],
  ['words that are part of a statement', 'DROP FUNCTION f; SELECT ROW(1, 2) = (1, 2)'],
  ['a variable of the user', 'SELECT @tx_isolation, @groups'],
  ['a column of the name of a variable', 'SELECT query_cache_size FROM t WHERE new = 1'],
  ['GROUP BY in a subquery', 'SELECT 1 FROM (SELECT a FROM t GROUP BY a) s'],
  ['ORDER BY … DESC behind it', 'SELECT a FROM t GROUP BY a ORDER BY a DESC'],
  ['GRANT without a password', "GRANT SELECT ON a.* TO b; SET PASSWORD FOR b = 'x'"],
])('is left alone: %s', (_what, sql) => expect(found(sql)).toEqual([]));

test.each([
  ['GROUP BY a DESC in a UNION', 'SELECT a FROM t GROUP BY a DESC UNION SELECT 1', 'GROUP BY … ASC or DESC'],
  ['GROUP BY a WITH ROLLUP', 'SELECT a FROM t GROUP BY a WITH ROLLUP', 'GROUP BY without ORDER BY'],
  ['ENCODE', "SELECT ENCODE('a', 'b')", 'ENCODE()'],
  ['CHANGE MASTER', "CHANGE MASTER TO MASTER_HOST = 'x'", 'CHANGE MASTER TO'],
  ['GRANT … IDENTIFIED BY', "GRANT SELECT ON a.* TO b IDENTIFIED BY 'c'", 'GRANT … IDENTIFIED BY'],
  ['PROCEDURE ANALYSE', 'SELECT a FROM t PROCEDURE ANALYSE()', 'PROCEDURE ANALYSE'],
])('is told, and left to people: %s', (_what, sql, what) => {
  expect(found(sql)).toContain(what);
  const hit = scanText(sql, FROM).find((one) => one.what === what);
  expect(hit?.edits).toBeNull();
  expect(hit?.advice).not.toBe('');
});

test('statements with new words are written anew only where the server knows them', () => {
  const hit = (version: number) => scanText('SHOW SLAVE STATUS', version)[0];
  expect(hit(80_012)?.edits).toBeNull();
  expect(hit(80_030)?.edits).not.toBeNull();
});

test('what a server has behind itself is not found on it', () => {
  expect(scanText('SELECT a FROM t GROUP BY a DESC; SELECT PASSWORD(1), rank', 80_034)).toEqual([]);
});

test('a digest quotes names, also of functions and variables', () => {
  expect(found('SELECT `ENCODE` (?) , @@SESSION . `tx_isolation`', true)).toEqual(['ENCODE()', 'tx_isolation']);
  expect(found('SELECT `rank` FROM `groups`', true)).toEqual([]);
});
