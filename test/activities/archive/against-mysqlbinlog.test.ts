import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changesIn } from '../../../activities/archive/binlog/changes';
import { scanFile } from '../../../activities/archive/binlog/scan';
import { startOldServer } from '../../../lab/mysqld/old-server';
import { findMysql } from '../../../lab/programs/mysql';
import { rootDoor, serverNamed } from '../../../lab/state';
import { type Door, runAll } from '../../../lab/sql';
import { parseGtidSet, print } from '../../../workflows/decisions/gtid-set';
import { hasMaven } from '../../support/old-fleet';
import { inLab } from '../../support/lab';

/** Types whose values have lengths of their own kinds, rows with NULLs, DDL, and more rows than one event holds. */
const WORK = [
  'CREATE DATABASE arch',
  `CREATE TABLE arch.wide (id INT AUTO_INCREMENT PRIMARY KEY, t TINYINT, s SMALLINT, m MEDIUMINT, b BIGINT UNSIGNED, f FLOAT, d DOUBLE,
     n DECIMAL(29,11), y YEAR, da DATE, ti TIME(3), dt DATETIME(6), ts TIMESTAMP(2) NULL, c CHAR(20), c4 CHAR(200), v VARCHAR(40),
     v2 VARCHAR(400), bi BIT(11), e ENUM('a','b'), st SET('x','y','z'), tx TEXT, lb LONGBLOB, j JSON) CHARACTER SET utf8mb4`,
  `INSERT INTO arch.wide (t,s,m,b,f,d,n,y,da,ti,dt,ts,c,c4,v,v2,bi,e,st,tx,lb,j) VALUES
     (1,2,3,4,5.5,6.5,123456789.12345,2026,'2026-01-02','11:12:13.123','2026-01-02 03:04:05.123456','2026-01-02 03:04:05',
      'c','c','v','v2',b'10101','b','x,z','text',REPEAT('l',70000),'{"a": 1}'),
     (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)`,
  'INSERT INTO arch.wide (t, v, tx) SELECT t, v, tx FROM arch.wide UNION ALL SELECT t, c, tx FROM arch.wide',
  "UPDATE arch.wide SET v = CONCAT(COALESCE(v, ''), 'x'), j = JSON_SET(COALESCE(j, '{}'), '$.b', 2)",
  'CREATE TABLE arch.many (id INT PRIMARY KEY, v VARCHAR(300))',
  `INSERT INTO arch.many SELECT @n := @n + 1, REPEAT('m', 200) FROM (SELECT @n := 0) AS start, information_schema.columns LIMIT 400`,
  'DELETE FROM arch.many WHERE id % 3 = 0',
  'TRUNCATE TABLE arch.many',
  'DROP TABLE arch.many',
  "XA START 'x'",
  'INSERT INTO arch.wide (t) VALUES (7)',
  "XA END 'x'",
  "XA PREPARE 'x'",
  "XA COMMIT 'x'",
  'FLUSH BINARY LOGS',
];

const SINCE_8_3 = [
  'SET SESSION binlog_transaction_compression = ON',
  "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
  "UPDATE arch.wide SET j = JSON_SET(j, '$.b', 3)",
  "SET SESSION gtid_next = 'AUTOMATIC:nightly'",
  'INSERT INTO arch.wide (v) VALUES (REPEAT(5, 30)), (REPEAT(6, 30))',
  "SET SESSION gtid_next = 'AUTOMATIC', SESSION binlog_transaction_compression = OFF",
  "UPDATE arch.wide SET j = JSON_SET(j, '$.b', 4)",
  'FLUSH BINARY LOGS',
];

async function same(door: Door, data: string, work: readonly string[], bin: string): Promise<void> {
  await runAll(door, work);
  const files = readdirSync(data)
    .filter((name) => /^binlog\.\d+$/.test(name))
    .sort()
    .map((name) => join(data, name));
  for (const file of files) {
    const printed = execFileSync(join(bin, 'mysqlbinlog'), ['--verbose', '--base64-output=decode-rows', file], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const theirs = [...printed.matchAll(/SET @@SESSION.GTID_NEXT= '([^']+:\d+)'/g)].map(([, gtid = '']) => gtid);
    const ours = await scanFile(createReadStream(file));
    expect({ file, gtids: print(ours.gtids), count: ours.transactions }).toEqual({
      file,
      gtids: print(parseGtidSet(theirs.join(','))),
      count: theirs.length,
    });
    const rows = { insert: 0, update: 0, delete: 0, drop: 0, truncate: 0, ddl: 0 };
    for await (const change of changesIn(createReadStream(file)))
      rows[change.kind] += change.text === null ? (change.rows ?? Number.NaN) : 1;
    const times = (words: RegExp) => printed.match(words)?.length ?? 0;
    expect({ file, ...rows }).toEqual({
      file,
      insert: times(/^### INSERT INTO/gm),
      update: times(/^### UPDATE/gm),
      delete: times(/^### DELETE FROM/gm),
      drop: times(/^DROP TABLE/gm),
      truncate: times(/^TRUNCATE/gm),
      ddl: times(/^(CREATE|ALTER) (TABLE|DATABASE)/gm),
    });
  }
  expect(files.length).toBeGreaterThan(1);
}

describe('our reader finds in real files what mysqlbinlog finds', () => {
  test('of the release of the lab: packed transactions, tags, JSON differences', () =>
    inLab({ replicas: 0, router: 'none', durability: 'async' }, async (lab) => {
      const server = serverNamed(lab.state, 'db1');
      await same(rootDoor(lab.state, server), server.dataFolder, [...WORK, ...SINCE_8_3], lab.state.binFolder);
    }));

  (hasMaven ? test.each(['8.0.12', '5.7.22'] as const) : test.skip.each([]))('of %s', async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'old-'));
    const server = await startOldServer(version, folder);
    try {
      await same(server.root, join(folder, 'data'), WORK, (await findMysql()).bin);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
