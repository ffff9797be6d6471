import { applyArchived, type Applied } from '../../activities/archive/apply';
import { serverNamed } from '../../activities/deps';
import { type Lab } from '../../lab';
import { type GtidSet, parseGtidSet } from '../../workflows/decisions/gtid-set';
import { type Archiving } from '../support/archiving';

export const executed = async (lab: Lab, server: string): Promise<GtidSet> =>
  parseGtidSet(String(await lab.value(server, 'SELECT @@global.gtid_executed')));

/** Writes of every kind the archive has to carry, DDL among them, some from another session at the same time. */
export async function work(lab: Lab, server: string, round: number): Promise<void> {
  const say = (sql: string) => lab.rows(server, sql);
  await say(`CREATE TABLE IF NOT EXISTS shop.stock (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), amount INT)`);
  const insert = async (writer: number) => {
    for (let i = 0; i < 15; i += 1)
      await say(`INSERT INTO shop.stock (name, amount) VALUES ('w${writer}-${round}-${i}', ${i}), ('again', ${i})`);
  };
  await Promise.all([insert(1), insert(2)]);
  await say(`ALTER TABLE shop.stock ADD COLUMN extra${round} INT DEFAULT ${round}`);
  await say(`UPDATE shop.stock SET amount = amount + ${round} WHERE id % 3 = 0`);
  await say(`CREATE TABLE shop.copy${round} AS SELECT * FROM shop.stock`);
  await say(`DELETE FROM shop.stock WHERE id % 7 = ${round}`);
  await insert(3);
  await say(`TRUNCATE shop.copy${round}`);
}

export const apply = async (
  archive: Archiving,
  name: string,
  target: GtidSet,
  without = parseGtidSet(''),
): Promise<Applied> =>
  applyArchived(
    serverNamed(archive.deps, archive.cluster, name),
    await archive.shelf(),
    { target, without },
    { checkpoint: () => undefined, progress: () => undefined },
  );
