import { eventually } from '../support/wait';
import { runAll } from '../../lab/sql';
import { rootDoor } from '../../lab/state';
import { incident, type Incident } from './incident';

const TRANSACTIONS = 50_000;
const SESSIONS = 5;

test(
  'F7: 50,000 transactions wait in the relay logs when the primary dies; all are applied before writes open and none is discarded',
  () =>
    incident({}, async (scene) => {
      const { faults, lab, load, report, settle } = scene;
      for (const replica of ['db2', 'db3']) await lab.rows(replica, 'STOP REPLICA SQL_THREAD');
      await fill(scene);
      const committed = String(await lab.value('db1', 'SELECT @@global.gtid_executed'));
      await eventually('both replicas have received them', () => received(scene, committed), 60_000);
      await load.nextAcknowledgement();
      await faults.kill('db1');
      const opened = openedTooEarly(scene, committed);
      const told = await report();

      expect(told.outcome).toBe('done');
      expect(told.decisions.at(-1)).toMatch(/holds everything that any sound replica received/);
      expect(told.plan?.lines[0]).toMatch(/holds everything, 5\d{4} to apply/);
      expect(told.rpo).toMatchObject({ lost: '' });
      expect(await opened()).toEqual([]);
      expect(await lab.value(told.newPrimary ?? '', 'SELECT COUNT(*) FROM shop.backlog')).toBe(TRANSACTIONS);
      await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
      await settle();
    }),
  240_000,
);

/** Tiny commits, as fast as the primary makes them: it dies soon, so its own durability may rest meanwhile. */
async function fill({ lab }: Incident): Promise<void> {
  const db1 = rootDoor(lab.state, lab.server('db1'));
  await runAll(db1, [
    'SET GLOBAL sync_binlog = 0, GLOBAL innodb_flush_log_at_trx_commit = 0, GLOBAL rpl_semi_sync_source_enabled = OFF',
    'CREATE TABLE shop.backlog (id INT AUTO_INCREMENT PRIMARY KEY)',
    'CREATE PROCEDURE shop.fill(n INT) WHILE n > 0 DO INSERT INTO shop.backlog VALUES (); SET n = n - 1; END WHILE',
  ]);
  const some = TRANSACTIONS / SESSIONS;
  await Promise.all(Array.from({ length: SESSIONS }, () => runAll(db1, [`CALL shop.fill(${some})`], 120_000)));
  await runAll(db1, ['SET GLOBAL rpl_semi_sync_source_enabled = ON']);
}

async function received({ lab }: Incident, wanted: string): Promise<boolean> {
  const missing = await Promise.all(
    ['db2', 'db3'].map(async (replica) => {
      const [status] = await lab.rows(replica, 'SHOW REPLICA STATUS');
      const held = `${String(status?.['Executed_Gtid_Set'])},${String(status?.['Retrieved_Gtid_Set'])}`;
      return lab.value('db1', 'SELECT GTID_SUBTRACT(?, ?)', [wanted, held]);
    }),
  );
  return missing.every((set) => set === '');
}

/** Looks on until asked: replicas that took writes while something was not applied. Read-only is read first, so no look can err. */
function openedTooEarly({ lab }: Incident, wanted: string): () => Promise<string[]> {
  const found: string[] = [];
  let looking = true;
  const looks = ['db2', 'db3'].map(async (name) => {
    while (looking) {
      const [seen] = await lab.rows(
        name,
        'SELECT @@global.read_only AS closed, GTID_SUBSET(?, @@global.gtid_executed) AS applied',
        [wanted],
      );
      if (Number(seen?.['closed']) === 0 && Number(seen?.['applied']) === 0) found.push(name);
    }
  });
  return async () => {
    looking = false;
    await Promise.all(looks);
    return found;
  };
}
