import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OldServer, startOldServer } from '../../../lab/mysqld/old-server';
import { rows, withConnection } from '../../../lab/sql';
import { rootDoor, serverNamed } from '../../../lab/state';
import { REMOVED_FUNCTIONS } from '../../../workflows/decisions/upgrade/data/functions';
import { RESERVED_WORDS } from '../../../workflows/decisions/upgrade/data/reserved-words';
import { REMOVED_SYNTAX } from '../../../workflows/decisions/upgrade/data/syntax';
import {
  CHANGED_DEFAULTS,
  REMOVED_FACTS,
  REMOVED_VARIABLES,
  RENAMED_VARIABLES,
} from '../../../workflows/decisions/upgrade/data/variables';
import { releaseNumber } from '../../../workflows/decisions/upgrade/releases';
import { withLab } from '../../support/lab';
import { hasMaven } from '../../support/old-fleet';

const onOldServers = hasMaven ? describe : describe.skip;

/** What a server answers to a statement: 0 when it takes it. */
type Ask = (sql: string) => Promise<number>;
const SYNTAX_ERROR = 1064;
const NO_SUCH_FUNCTION = 1305;

onOldServers('the lists agree with real servers', () => {
  const lab = withLab({ replicas: 0, router: 'none', durability: 'async' });
  const folder = mkdtempSync(join(tmpdir(), 'mrt-lists-'));
  const old: OldServer[] = [];
  const variables = new Map<string, Record<string, string>>();
  const doors = () => [
    ...old.map(({ version, root }) => ({ version: version, root })),
    { version: '9.7.4', root: rootDoor(lab().state, serverNamed(lab().state, 'db1')) },
  ];
  const onEach = async (work: (ask: Ask, version: number) => Promise<void>) => {
    for (const { version, root } of doors())
      await withConnection(
        root,
        async (connection) => {
          await connection.query('CREATE DATABASE IF NOT EXISTS scratch');
          await connection.query('USE scratch');
          const ask: Ask = (sql) =>
            connection.query(sql).then(
              () => 0,
              (error: unknown) => (error as { errno: number }).errno,
            );
          await work(ask, releaseNumber(version));
        },
        60_000,
      );
  };

  beforeAll(async () => {
    for (const version of ['5.7.22', '8.0.12'] as const) old.push(await startOldServer(version, join(folder, version)));
    for (const { version, root } of doors()) {
      const shown = await rows(root, 'SHOW GLOBAL VARIABLES');
      variables.set(
        version,
        Object.fromEntries(shown.map((row) => [String(row['Variable_name']), String(row['Value'])])),
      );
    }
  }, 600_000);
  afterAll(async () => {
    await Promise.all(old.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  test('a word is refused as a name from its release on, and no word is missing', async () => {
    const listed = await lab().rows('db1', 'SELECT WORD AS word FROM information_schema.KEYWORDS WHERE RESERVED = 1');
    const words = [...new Set([...RESERVED_WORDS.map(({ word }) => word), ...listed.map(({ word }) => String(word))])];
    const refused = new Map<string, number[]>();
    await onEach(async (ask, version) => {
      for (const [at, word] of words.entries())
        if ((await ask(`CREATE TEMPORARY TABLE w${at} (${word} INT)`)) === SYNTAX_ERROR)
          refused.set(word, [...(refused.get(word) ?? []), version]);
    });
    const servers = [50_722, 80_012, 90_704];
    const expected = new Map(
      RESERVED_WORDS.map(({ word, since, until = Infinity }) => [
        word,
        servers.filter((one) => one >= since && one < until),
      ]),
    );
    for (const word of words) expect([word, refused.get(word) ?? []]).toEqual([word, expected.get(word) ?? servers]);
  });

  test.each([
    ['5.7.22', '8.0.12'],
    ['8.0.12', '9.7.4'],
  ])('variables that %s has and %s has not are listed, and only those', (before, after) => {
    const [had, has] = [variables.get(before) ?? {}, variables.get(after) ?? {}];
    const missing = Object.keys(had).filter((name) => !(name in has) && !REMOVED_FACTS.includes(name));
    const listed = REMOVED_VARIABLES.filter(({ gone }) => gone > releaseNumber(before) && gone <= releaseNumber(after));
    expect(missing.filter((name) => !listed.some((one) => one.name === name))).toEqual([]);
    expect(listed.filter(({ name }) => name in has)).toEqual([]);
  });

  test.each(['5.7.22', '8.0.12'])(
    'a %s as it is installed has no variable that is gone out of its default',
    (version) => {
      const values = variables.get(version) ?? {};
      const odd = REMOVED_VARIABLES.filter(
        ({ name, usual = [] }) => name in values && !usual.includes(values[name] ?? ''),
      );
      expect(odd.map(({ name }) => `${name} = ${values[name] ?? ''}`)).toEqual([]);
    },
  );

  test('renamed variables have both names on 9.7', () => {
    const values = variables.get('9.7.4') ?? {};
    const names = Object.entries(RENAMED_VARIABLES).flat();
    // init_replica shares its value with init_slave and is shown under both names, too.
    expect(names.filter((name) => !(name in values))).toEqual([]);
  });

  test('defaults of 8.0 are what 8.0.12 shows', () => {
    const values = variables.get('8.0.12') ?? {};
    const setByUs = ['table_open_cache', 'expire_logs_days'];
    const listed = CHANGED_DEFAULTS.filter(({ name, since }) => since <= 80_012 && !setByUs.includes(name));
    for (const { name, becomes } of listed) {
      const value = values[name] ?? '';
      expect([name, /^[\d.]+$/.test(value) ? String(Number(value)) : value]).toEqual([name, becomes]);
    }
  });

  test('a function is there before its release and not after, and what takes its place is there all along', async () => {
    await onEach(async (ask, version) => {
      for (const { name, gone, instead } of REMOVED_FUNCTIONS) {
        const answer = await ask(`SELECT ${name}()`);
        const there = answer !== NO_SUCH_FUNCTION && !(answer === SYNTAX_ERROR && version >= gone);
        expect([version, name, there]).toEqual([version, name, version < gone]);
        if (instead !== null)
          expect([instead, (await ask(`SELECT ${instead}()`)) === NO_SUCH_FUNCTION]).toEqual([instead, false]);
      }
    });
  });

  test('a clause parses before its release and not after', async () => {
    const rest: Record<string, string> = {
      SQL_CACHE: 'SELECT SQL_CACHE 1',
      'PROCEDURE ANALYSE': 'SELECT 1 FROM none PROCEDURE ANALYSE()',
      'UPGRADE DATA DIRECTORY NAME': 'ALTER DATABASE `#mysql50#x-y` UPGRADE DATA DIRECTORY NAME',
      'EXPLAIN EXTENDED': 'EXPLAIN EXTENDED SELECT 1',
      'EXPLAIN PARTITIONS': 'EXPLAIN PARTITIONS SELECT 1',
      'PURGE MASTER LOGS': "PURGE MASTER LOGS TO 'none'",
      'CHANGE MASTER TO': "CHANGE MASTER TO MASTER_HOST = ''",
    };
    await onEach(async (ask, version) => {
      for (const { words, gone } of REMOVED_SYNTAX) {
        const parses = (await ask(rest[words] ?? words)) !== SYNTAX_ERROR;
        expect([version, words, parses]).toEqual([version, words, version < gone]);
      }
    });
  });
});
