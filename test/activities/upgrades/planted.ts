import { type CheckId } from '../../../workflows/decisions/upgrade/checks';

/** One gotcha, planted on a real server of an old release. */
export interface Planted {
  readonly check: CheckId;
  /** Matches the place that the finding names. */
  readonly where: RegExp;
  /** Statements that plant it, as root, in one session. Left out: the test has another way. */
  readonly plant?: readonly string[];
  /** What somebody does where no rule can write the statement; without it the printed statements alone must cure. `stays` = only the upgrade ends it. */
  readonly byHand?: readonly string[] | 'stays';
}

const LOOSE = "SET SESSION sql_mode = ''";
const long = (letter: string, length: number) => letter.repeat(length);

/** In the data: read on 5.7.22, on the way to 9.7. */
export const IN_5_7: readonly Planted[] = [
  { check: 'removed-variable', where: /^sync_frm = OFF/, plant: ['SET GLOBAL sync_frm = OFF'] },
  { check: 'removed-variable', where: /^query_cache_size = 0/, plant: ['SET GLOBAL query_cache_size = 0'] },
  {
    check: 'sql-mode',
    where: /NO_FIELD_OPTIONS/,
    plant: ["SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES,NO_FIELD_OPTIONS'"],
  },
  { check: 'fast-shutdown', where: /innodb_fast_shutdown/, plant: ['SET GLOBAL innodb_fast_shutdown = 2'] },
  { check: 'changed-default', where: /^collation_server$/, byHand: 'stays' },
  { check: 'option-files', where: /option files/, byHand: 'stays' },
  {
    check: 'prepared-xa',
    where: /1 prepared/,
    plant: ["XA START 'left'", 'INSERT INTO shop.plain VALUES (1)', "XA END 'left'", "XA PREPARE 'left'"],
    byHand: ["XA ROLLBACK 'left'"],
  },
  {
    check: 'replication-settings',
    where: /master_info_repository = FILE, relay_log_info_repository = FILE/,
    plant: [
      "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'nobody', MASTER_PASSWORD = 'x'",
    ],
  },
  { check: 'replication-settings', where: /channel \(default\)/ },
  { check: 'replication-settings', where: /binlog_format = MIXED/, plant: ["SET GLOBAL binlog_format = 'MIXED'"] },
  { check: 'replication-login', where: /account nobody/, byHand: ['STOP SLAVE', 'RESET SLAVE ALL'] },
  {
    check: 'authentication-plugin',
    where: /^'old'@'%'$/,
    plant: ["CREATE USER 'old'@'%' IDENTIFIED WITH mysql_native_password BY 'x'"],
    byHand: ["DROP USER 'old'@'%'"],
  },
  {
    check: 'authentication-plugin',
    where: /^'sha'@'%'$/,
    plant: ["CREATE USER 'sha'@'%' IDENTIFIED WITH sha256_password BY 'x'"],
    byHand: ["DROP USER 'sha'@'%'"],
  },
  { check: 'utf8mb3', where: /^schema narrow$/, plant: ['CREATE DATABASE narrow CHARACTER SET utf8'] },
  {
    check: 'utf8mb3',
    where: /^table narrow\.t$/,
    plant: ['CREATE TABLE narrow.t (a VARCHAR(20), b TEXT, id INT PRIMARY KEY)'],
  },
  { check: 'reserved-word', where: /^table shop\.rank$/, plant: ['CREATE TABLE shop.rank (id INT PRIMARY KEY)'] },
  {
    check: 'reserved-word',
    where: /^column shop\.worded\.groups$/,
    plant: ['CREATE TABLE shop.worded (groups INT)'],
    byHand: ['ALTER TABLE shop.worded CHANGE groups `groups_` INT'],
  },
  {
    check: 'reserved-word',
    where: /^schema lateral$/,
    plant: ['CREATE DATABASE lateral'],
    byHand: ['DROP DATABASE lateral'],
  },
  {
    check: 'reserved-word',
    where: /^procedure shop\.system$/,
    plant: ['CREATE PROCEDURE shop.system() SELECT 1'],
    byHand: ['DROP PROCEDURE shop.system'],
  },
  { check: 'dollar-name', where: /^table shop\.\$cash$/, plant: ['CREATE TABLE shop.$cash (a INT)'] },
  { check: 'system-table-name', where: /^table mysql\.catalogs$/, plant: ['CREATE TABLE mysql.catalogs (a INT)'] },
  {
    check: 'float-auto-increment',
    where: /^column shop\.counted\.id$/,
    plant: [
      "CREATE TABLE shop.counted (id FLOAT AUTO_INCREMENT PRIMARY KEY COMMENT 'it''s one')",
      'INSERT INTO shop.counted VALUES (), ()',
    ],
  },
  {
    check: 'numeric-attribute',
    where: /^column shop\.numbers\.digits /,
    plant: [
      "CREATE TABLE shop.numbers (digits FLOAT(7,3) NOT NULL DEFAULT '1.500', padded INT(5) ZEROFILL, free DOUBLE UNSIGNED, money DECIMAL(10,2) UNSIGNED)",
    ],
  },
  { check: 'numeric-attribute', where: /^column shop\.numbers\.padded / },
  { check: 'numeric-attribute', where: /^column shop\.numbers\.free / },
  { check: 'numeric-attribute', where: /^column shop\.numbers\.money / },
  {
    check: 'enum-length',
    where: /^column shop\.choices\.one$/,
    plant: [
      `CREATE TABLE shop.choices (one ENUM('${long('x', 256)}', 'short'), many SET('${long('y', 300)}', 'z'), fine SET('${long('a', 200)}', '${long('b', 200)}'))`,
      "INSERT INTO shop.choices (one) VALUES ('short')",
    ],
  },
  { check: 'enum-length', where: /^column shop\.choices\.many$/ },
  {
    check: 'removed-function',
    where: /^column shop\.hashed\.h$/,
    plant: ['CREATE TABLE shop.hashed (a INT, h CHAR(32) AS (MD5(a)) STORED)'],
    byHand: ['ALTER TABLE shop.hashed DROP COLUMN h'],
  },
  {
    check: 'generated-cast',
    where: /^column shop\.cast_\.c$/,
    plant: ['CREATE TABLE shop.cast_ (j VARCHAR(20), c INT AS (CAST(j AS SIGNED)) VIRTUAL, KEY (c))'],
    byHand: 'stays',
  },
  {
    check: 'spatial-srid',
    where: /^column shop\.places\.p$/,
    plant: ['CREATE TABLE shop.places (p POINT NOT NULL, SPATIAL KEY (p))'],
    byHand: 'stays',
  },
  {
    check: 'zero-date',
    where: /^column shop\.dated\.made datetime$/,
    plant: [
      LOOSE,
      "CREATE TABLE shop.dated (made DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', born DATE, seen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
      "INSERT INTO shop.dated VALUES ('2018-01-01', '1970-05-00', '0000-00-00 00:00:00')",
    ],
  },
  { check: 'zero-date', where: /^column shop\.dated\.born date$/ },
  { check: 'zero-date', where: /^column shop\.dated\.seen timestamp$/ },
  {
    check: 'partition-engine',
    where: /^table shop\.parts \(MyISAM\)$/,
    plant: ['CREATE TABLE shop.parts (a INT) ENGINE = MyISAM PARTITION BY HASH (a) PARTITIONS 2'],
  },
  {
    check: 'partition-tablespace',
    where: /^table shop\.shared, partitions p0$/,
    plant: [
      'CREATE TABLE shop.shared (a INT) TABLESPACE = innodb_system PARTITION BY HASH (a) (PARTITION p0 TABLESPACE = innodb_system)',
    ],
    byHand: [
      'ALTER TABLE shop.shared TABLESPACE = innodb_file_per_table PARTITION BY HASH (a) (PARTITION p0 TABLESPACE = innodb_file_per_table)',
    ],
  },
  {
    check: 'partition-bound',
    where: /^table shop\.ranged, partition p0$/,
    plant: [
      "CREATE TABLE shop.ranged (a DATE) PARTITION BY RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN ('2018/1/02'), PARTITION p1 VALUES LESS THAN MAXVALUE)",
    ],
  },
  {
    check: 'partition-prefix-key',
    where: /^table shop\.keyed, column a$/,
    plant: [
      'CREATE TABLE shop.keyed (a VARCHAR(300), b VARCHAR(25), PRIMARY KEY (a(10), b)) PARTITION BY KEY () PARTITIONS 2',
    ],
    byHand: ['ALTER TABLE shop.keyed PARTITION BY KEY (b) PARTITIONS 2'],
  },
  {
    check: 'foreign-key-name',
    where: /_ibfk_1 of shop\.k{64}$/,
    plant: [
      'CREATE TABLE shop.parent (id INT PRIMARY KEY)',
      'CREATE TABLE shop.child (id INT, FOREIGN KEY (id) REFERENCES shop.parent (id))',
      `RENAME TABLE shop.child TO shop.${long('k', 64)}`,
    ],
  },
  {
    check: 'foreign-key-parent',
    where: /^foreign key loose of shop\.orders_of$/,
    plant: [
      'CREATE TABLE shop.anyone (a INT, b INT, KEY (a, b))',
      'CREATE TABLE shop.orders_of (a INT, b INT, CONSTRAINT loose FOREIGN KEY (a, b) REFERENCES shop.anyone (a, b))',
    ],
  },
  {
    check: 'foreign-key-engine',
    where: /^foreign key other of shop\.mixed$/,
    plant: [
      'CREATE TABLE shop.gone (id INT PRIMARY KEY)',
      'CREATE TABLE shop.mixed (id INT, CONSTRAINT other FOREIGN KEY (id) REFERENCES shop.gone (id))',
      'SET SESSION foreign_key_checks = 0',
      'DROP TABLE shop.gone',
      'CREATE TABLE shop.gone (id INT PRIMARY KEY) ENGINE = MyISAM',
    ],
  },
  {
    check: 'removed-function',
    where: /^procedure shop\.geo$/,
    plant: ["CREATE PROCEDURE shop.geo() SELECT X(p), NumPoints(p), 'X(p)' FROM shop.places -- Y(p)"],
  },
  {
    check: 'removed-function',
    where: /^view shop\.secret$/,
    plant: ["CREATE VIEW shop.secret AS SELECT ENCODE('a', 'b') AS e"],
    byHand: ['DROP VIEW shop.secret'],
  },
  {
    check: 'removed-function',
    where: /^function shop\.digest$/,
    plant: ['CREATE FUNCTION shop.digest(a INT) RETURNS CHAR(40) DETERMINISTIC RETURN SHA1(a)'],
    byHand: ['DROP FUNCTION shop.digest'],
  },
  {
    check: 'removed-syntax',
    where: /^view shop\.cached$/,
    plant: ['CREATE VIEW shop.cached AS SELECT SQL_CACHE id FROM shop.plain'],
  },
  {
    check: 'removed-syntax',
    where: /^procedure shop\.odd$/,
    plant: ['CREATE PROCEDURE shop.odd() BEGIN SELECT \\N; SELECT id FROM .plain; END'],
  },
  {
    check: 'removed-syntax',
    where: /^procedure shop\.lag_of$/,
    plant: ['CREATE PROCEDURE shop.lag_of() SHOW SLAVE STATUS'],
    byHand: ['DROP PROCEDURE shop.lag_of'],
  },
  {
    check: 'reserved-word-in-program',
    where: /^procedure shop\.worded$/,
    plant: [
      'CREATE PROCEDURE shop.worded(rank INT) BEGIN DECLARE groups INT DEFAULT rank; SELECT groups, @rank, t.rows FROM (SELECT 1 AS rows) t; END',
    ],
  },
  {
    check: 'reserved-word-in-program',
    where: /^trigger shop\.before_plain$/,
    plant: [
      'CREATE TRIGGER shop.before_plain BEFORE INSERT ON shop.plain FOR EACH ROW BEGIN DECLARE empty INT; SET empty = NEW.id; END',
    ],
  },
  {
    check: 'reserved-word-in-program',
    where: /^event shop\.nightly$/,
    plant: ['CREATE EVENT shop.nightly ON SCHEDULE EVERY 1 DAY DISABLE DO INSERT INTO shop.rank SELECT 1 AS over'],
  },
  {
    check: 'removed-variable-in-program',
    where: /^function shop\.isolation$/,
    plant: [
      'CREATE FUNCTION shop.isolation() RETURNS CHAR(20) NOT DETERMINISTIC READS SQL DATA RETURN @@session.tx_isolation',
    ],
  },
  {
    check: 'sql-mode-in-program',
    where: /^procedure shop\.moded$/,
    plant: ["SET SESSION sql_mode = 'NO_KEY_OPTIONS,ANSI_QUOTES'", 'CREATE PROCEDURE shop.moded() SELECT 1 AS "a"'],
  },
  {
    check: 'group-by-direction',
    where: /^view shop\.latest$/,
    plant: ['CREATE VIEW shop.latest AS SELECT id, COUNT(*) AS n FROM shop.plain GROUP BY id DESC'],
  },
  {
    check: 'group-by-direction',
    where: /^procedure shop\.descending$/,
    plant: [
      'CREATE PROCEDURE shop.descending() BEGIN SELECT id FROM shop.plain GROUP BY id DESC HAVING id > 0 LIMIT 3; SELECT 2; END',
    ],
  },
  {
    check: 'group-by-order',
    where: /^view shop\.counts$/,
    plant: ['CREATE VIEW shop.counts AS SELECT id, COUNT(*) AS n FROM shop.plain GROUP BY id'],
  },
  {
    check: 'grant-identified',
    where: /^procedure shop\.hire$/,
    plant: ["CREATE PROCEDURE shop.hire() GRANT SELECT ON shop.* TO 'new'@'%' IDENTIFIED BY 'x'"],
    byHand: ['DROP PROCEDURE shop.hire'],
  },
  {
    check: 'statement',
    where: /^tx_isolation$/,
    plant: ['USE shop', 'SELECT @@session.tx_isolation'],
    byHand: 'stays',
  },
  { check: 'statement', where: /^ENCODE\(\)$/, plant: ['USE shop', "SELECT ENCODE('a', 'b')"], byHand: 'stays' },
  {
    check: 'statement',
    where: /^GROUP BY … ASC or DESC$/,
    plant: ['USE shop', 'SELECT id FROM plain GROUP BY id DESC'],
    byHand: 'stays',
  },
  {
    check: 'statement',
    where: /^GRANT … IDENTIFIED BY$/,
    plant: ['USE shop', "GRANT SELECT ON shop.* TO 'mule'@'%' IDENTIFIED BY 'x'", "DROP USER 'mule'@'%'"],
    byHand: 'stays',
  },
  { check: 'backup-tools', where: /backups of orders/, byHand: 'stays' },
];

/** On 8.0.12, on the way to 9.7: U2 and what came after 8.0.12. */
export const IN_8_0: readonly Planted[] = [
  {
    check: 'authentication-plugin',
    where: /^'old'@'%'$/,
    plant: ["CREATE USER 'old'@'%' IDENTIFIED WITH mysql_native_password BY 'x'"],
  },
  {
    check: 'authentication-plugin',
    where: /^'sha'@'%'$/,
    plant: ["CREATE USER 'sha'@'%' IDENTIFIED WITH sha256_password BY 'x'"],
  },
  {
    check: 'removed-variable',
    where: /^binlog_transaction_dependency_tracking = WRITESET$/,
    plant: ["SET PERSIST binlog_transaction_dependency_tracking = 'WRITESET'"],
  },
  { check: 'removed-variable', where: /^show_old_temporals = ON$/, plant: ['SET GLOBAL show_old_temporals = ON'] },
  {
    check: 'renamed-variable',
    where: /^slave_net_timeout = 30$/,
    plant: ['SET PERSIST slave_net_timeout = 30'],
    byHand: ['RESET PERSIST slave_net_timeout'],
  },
  { check: 'changed-default', where: /^innodb_io_capacity$/ },
  {
    check: 'removed-privilege',
    where: /^SET_USER_ID of 'definer'@'%'$/,
    plant: ["CREATE USER 'definer'@'%' IDENTIFIED BY 'x'", "GRANT SET_USER_ID ON *.* TO 'definer'@'%'"],
  },
  {
    check: 'utf8mb3',
    where: /^table narrow\.t$/,
    plant: ['CREATE DATABASE narrow CHARACTER SET utf8', 'CREATE TABLE narrow.t (a VARCHAR(20), id INT PRIMARY KEY)'],
  },
  { check: 'utf8mb3', where: /^schema narrow$/ },
  {
    check: 'reserved-word',
    where: /^column shop\.worded\.qualify$/,
    plant: ['CREATE TABLE shop.worded (qualify INT, `manual` INT)'],
  },
  { check: 'reserved-word', where: /^column shop\.worded\.manual$/ },
  { check: 'reserved-word', where: /^table shop\.library$/, plant: ['CREATE TABLE shop.library (id INT)'] },
  {
    check: 'reserved-word-in-program',
    where: /^procedure shop\.worded$/,
    plant: ['CREATE PROCEDURE shop.worded() BEGIN DECLARE lateral INT DEFAULT 1; SELECT lateral; END'],
  },
  {
    check: 'zero-date',
    where: /^column shop\.dated\.made datetime$/,
    plant: [LOOSE, 'CREATE TABLE shop.dated (made DATETIME)', "INSERT INTO shop.dated VALUES ('0000-00-00')"],
  },
  {
    check: 'float-auto-increment',
    where: /^column shop\.counted\.id$/,
    plant: ['CREATE TABLE shop.counted (id DOUBLE AUTO_INCREMENT PRIMARY KEY)'],
  },
  {
    check: 'numeric-attribute',
    where: /^column shop\.counted2\.z /,
    plant: ['CREATE TABLE shop.counted2 (z BIGINT(10) ZEROFILL)'],
  },
  { check: 'dollar-name', where: /^table shop\.\$cash$/, plant: ['CREATE TABLE shop.$cash (a INT)'] },
  {
    check: 'partition-prefix-key',
    where: /^table shop\.keyed, column a$/,
    plant: [
      'CREATE TABLE shop.keyed (a VARCHAR(300), b VARCHAR(25), PRIMARY KEY (a(10), b)) PARTITION BY KEY () PARTITIONS 2',
    ],
    byHand: ['ALTER TABLE shop.keyed PARTITION BY KEY (b) PARTITIONS 2'],
  },
  {
    check: 'partition-bound',
    where: /^table shop\.ranged, partition p0$/,
    plant: [
      "CREATE TABLE shop.ranged (a DATE) PARTITION BY RANGE COLUMNS (a) (PARTITION p0 VALUES LESS THAN ('2018/1/02'))",
    ],
  },
  {
    check: 'foreign-key-parent',
    where: /^foreign key loose of shop\.orders_of$/,
    plant: [
      'CREATE TABLE shop.anyone (a INT, KEY (a))',
      'CREATE TABLE shop.orders_of (a INT, CONSTRAINT loose FOREIGN KEY (a) REFERENCES shop.anyone (a))',
    ],
  },
  {
    check: 'group-by-direction',
    where: /^view shop\.latest$/,
    plant: ['CREATE VIEW shop.latest AS SELECT id, COUNT(*) AS n FROM shop.plain GROUP BY id DESC'],
  },
  {
    check: 'removed-function',
    where: /^view shop\.hashed$/,
    plant: ["CREATE VIEW shop.hashed AS SELECT MD5('a') AS h"],
    byHand: ['DROP VIEW shop.hashed'],
  },
  {
    check: 'removed-syntax',
    where: /^procedure shop\.lag_of$/,
    plant: ['CREATE PROCEDURE shop.lag_of() BEGIN SHOW MASTER LOGS; EXPLAIN SELECT 1; END'],
  },
  {
    check: 'replication-settings',
    where: /channel \(default\)/,
    plant: [
      "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'nobody', MASTER_PASSWORD = 'x'",
    ],
  },
  { check: 'replication-login', where: /account nobody/ },
  { check: 'statement', where: /^SHOW SLAVE STATUS$/, plant: ['USE shop', 'SHOW SLAVE STATUS'], byHand: 'stays' },
];
