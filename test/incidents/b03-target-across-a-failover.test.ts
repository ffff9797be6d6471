import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab } from '../../lab';
import { passwordOf } from '../../lab/state';
import { count, equals, type GtidSet, parseGtidSet, print, subtract, union } from '../../workflows/decisions/gtid-set';
import { archiving } from '../support/archiving';
import { inLab } from '../support/lab';
import { eventually } from '../support/wait';
import { apply, executed, work } from './archived';

/** What clients can see: definitions and rows of every table. */
async function stateOf(lab: Lab, server: string): Promise<unknown> {
  const tables = await lab.rows(
    server,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'shop' ORDER BY 1",
  );
  return Promise.all(
    tables.map(async ({ name }) => [
      (await lab.rows(server, `SHOW CREATE TABLE shop.\`${String(name)}\``))[0]?.['Create Table']
        ?.toString()
        .replace(/AUTO_INCREMENT=\d+ /, ''),
      (await lab.rows(server, `CHECKSUM TABLE shop.\`${String(name)}\``))[0]?.['Checksum'],
    ]),
  );
}

/** The same transactions, in the way of the manual: printed by mysqlbinlog, read by mysql. */
async function replayWithTheManual(lab: Lab, from: string, to: string, gtids: GtidSet): Promise<void> {
  const data = lab.server(from).dataFolder;
  const files = readdirSync(data)
    .filter((name) => /^binlog\.\d+$/.test(name))
    .sort()
    .map((name) => join(data, name));
  const printed = execFileSync(
    join(lab.state.binFolder, 'mysqlbinlog'),
    [`--include-gtids=${print(gtids).replaceAll('\n', '')}`, ...files],
    { maxBuffer: 2 ** 28 },
  );
  await lab.rows(to, 'SET GLOBAL super_read_only = 0');
  const mysql = spawnSync(
    join(lab.state.binFolder, 'mysql'),
    ['--user=lab_root', `--socket=${lab.server(to).socket}`],
    { input: printed, env: { ...process.env, MYSQL_PWD: passwordOf(lab.accounts.root) }, encoding: 'utf8' },
  );
  expect(mysql.stderr.replace(/.*Warning.*\n/g, '')).toBe('');
}

test(
  'B3: at a target inside an interval, across a failover, during DDL, a restored server is what replaying the same GTIDs makes',
  () =>
    inLab({ replicas: 3, router: 'none', durability: 'async' }, async (lab) => {
      const archive = await archiving(lab);
      try {
        for (const name of ['db3', 'db4']) {
          await lab.rows(name, 'STOP REPLICA');
          await lab.rows(name, 'RESET REPLICA ALL');
        }
        const running = archive.run();
        const base = await executed(lab, 'db4');
        await work(lab, 'db1', 1);
        await eventually(
          'db2 has all',
          async () => equals(await executed(lab, 'db1'), await executed(lab, 'db2')) || undefined,
        );
        const before = await executed(lab, 'db2');

        await lab.faults.kill('db1');
        await lab.rows('db2', 'STOP REPLICA');
        await lab.rows('db2', 'SET GLOBAL super_read_only = 0');
        await lab.rows('db2', 'SET GLOBAL read_only = 0');
        await work(lab, 'db2', 2);
        const all = await executed(lab, 'db2');
        await eventually(
          'the archive has all',
          async () => count(subtract(all, await archive.stored())) === 0 || undefined,
          30_000,
        );
        await running.stop();

        // Inside the first server's interval, at its end, in the DDL of the second's, at the end.
        const uuid = String(await lab.value('db2', 'SELECT @@server_uuid'));
        const first = lab.server('db1').uuid;
        const numbers = count(subtract(all, before));
        const targets = [
          subtract(before, parseGtidSet(`${first}:${count(before) - 12}-1000000`)),
          before,
          ...[1, 34, 35, 37].map((n) => union(before, parseGtidSet(`${uuid}:1-${n}`))),
          union(before, parseGtidSet(`${uuid}:1-${numbers}`)),
        ];
        let oracle = base;
        for (const target of targets) {
          await apply(archive, 'db4', target);
          await replayWithTheManual(lab, 'db2', 'db3', subtract(target, oracle));
          oracle = target;
          expect(print(await executed(lab, 'db4'))).toBe(print(target));
          expect(await stateOf(lab, 'db4')).toEqual(await stateOf(lab, 'db3'));
        }
      } finally {
        await archive.close();
      }
    }),
  180_000,
);
