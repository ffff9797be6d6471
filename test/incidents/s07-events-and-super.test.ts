import { open } from '../../lab/sql';
import { rootDoor } from '../../lab/state';
import { eventually } from '../support/wait';
import { incident, type Incident } from './incident';
import { switchOver } from './switching';

test('S7: an enabled event runs on the new primary afterwards, and on no other', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    const [db1, db2] = [lab.server('db1').uuid, lab.server('db2').uuid];
    await lab.rows('db1', 'CREATE TABLE shop.ticks (id INT AUTO_INCREMENT PRIMARY KEY, by_server CHAR(36))');
    await lab.rows(
      'db1',
      'CREATE EVENT shop.tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO shop.ticks (by_server) VALUES (@@server_uuid)',
    );
    const ticksBy = async (uuid: string): Promise<number> =>
      Number(await lab.value('db2', 'SELECT COUNT(*) FROM shop.ticks WHERE by_server = ?', [uuid]));
    await eventually('the event runs on db1', async () => (await ticksBy(db1)) > 0);

    const told = await switchOver(scene, { to: 'db2' });
    expect(told.outcome).toBe('done');
    const before = await ticksBy(db1);
    await eventually('the event runs on db2', async () => (await ticksBy(db2)) >= 3);
    expect(await ticksBy(db1)).toBe(before);
    for (const replica of ['db1', 'db3'])
      await eventually(`it is disabled on ${replica}`, async () => (await stateOn(scene, replica)) !== 'ENABLED');
    expect(await stateOn(scene, 'db2')).toBe('ENABLED');
    await settle({ primary: 'db2' });
  }));

const stateOn = ({ lab }: Incident, server: string) =>
  lab.value(server, "SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_NAME = 'tick'");

test('S8: a session with every privilege goes on writing to the old primary; none of its rows stays behind there', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    await lab.rows('db1', 'CREATE TABLE shop.stubborn (id INT PRIMARY KEY)');
    const root = await open(rootDoor(lab.state, lab.server('db1')));
    const wrote: number[] = [];
    let refused: unknown = null;
    const writing = (async () => {
      for (let id = 1; refused === null; id += 1)
        await root.query('INSERT INTO shop.stubborn VALUES (?)', [id]).then(
          () => wrote.push(id),
          (error: unknown) => (refused = error),
        );
    })();
    await eventually('it writes', () => wrote.length > 20);

    const told = await switchOver(scene, { to: 'db2' });
    expect(told.outcome).toBe('done');
    await writing;
    expect(String(refused)).toMatch(/super-read-only|closed|lost/);
    await root.end().catch(() => undefined);
    const rows = await lab.rows('db2', 'SELECT id FROM shop.stubborn');
    expect(rows.map((row) => Number(row['id'])).sort((a, b) => a - b)).toEqual(wrote);
    await settle({ primary: 'db2' });
  }));
