import { caughtUp } from '../support/wait';
import { incident } from './incident';
import { declareProvisioning, emptied, provision } from './provisioning';
import { executedOn, expectReplica } from './rejoining';

const KEYRING = 'plugin-load-add=mysql_no_login.so';

test('P2: donor and recipient differ in plugins and settings: refused with everything that differs, before anything is dropped', () =>
  incident(
    {
      watched: false,
      durability: 'async',
      serverOptions: {
        db1: [KEYRING],
        db2: [KEYRING],
        db3: ['collation-server=utf8mb4_bin', 'max-allowed-packet=1M'],
      },
    },
    async (scene) => {
      const { lab, settle } = scene;
      declareProvisioning(lab);
      await lab.rows('db1', 'CREATE TABLE shop.kept (id INT PRIMARY KEY)');
      const told = await provision(scene, { instance: 'db3', rebuild: true, strategy: 'clone' });
      expect(told).toMatchObject({
        outcome: 'refused',
        headline: expect.stringMatching(/^Refused, nothing was changed/) as string,
      });
      expect(told.headline).toMatch(/db3 lacks plugins that db2 has: mysql_no_login/);
      expect(told.headline).toMatch(/collation_server differs: \S+ on db2, utf8mb4_bin on db3/);
      expect(told.headline).toMatch(/max_allowed_packet of db3 is below 2 MB/);
      expect(told.left).toHaveLength(3);
      expect(await lab.value('db3', 'SELECT @@global.super_read_only')).toBe(1);
      await settle({ primary: 'db1' });
    },
  ));

test('P2: where CLONE would copy a table empty, a dump fills the server, with its accounts', () =>
  incident({ watched: false, durability: 'async' }, async (scene) => {
    const { lab, load, settle } = scene;
    declareProvisioning(lab);
    for (const statement of [
      'CREATE TABLE shop.old (id INT PRIMARY KEY) ENGINE = MyISAM',
      'INSERT INTO shop.old VALUES (1), (2)',
      "CREATE USER 'newcomer'@'%' IDENTIFIED BY RANDOM PASSWORD",
    ])
      await lab.rows('db1', statement);
    await emptied(lab, 'db3');
    expect((await provision(scene, { instance: 'db3', strategy: 'clone' })).headline).toMatch(
      /CLONE copies InnoDB alone, and db2 has shop\.old \(MyISAM\)/,
    );
    expect(await executedOn(lab, 'db3')).toBe('');
    const told = await provision(scene, { instance: 'db3' });
    expect(told).toMatchObject({ outcome: 'done', left: [] });
    expect(told.decisions.join()).toMatch(
      /db3 is filled by logical from db2.*not otherwise: CLONE copies InnoDB alone/,
    );
    expect(Number(await lab.value('db3', 'SELECT COUNT(*) FROM shop.old'))).toBe(2);
    expect(Number(await lab.value('db3', "SELECT COUNT(*) FROM mysql.user WHERE User = 'newcomer'"))).toBe(1);
    await load.stop();
    await caughtUp(lab, 'db3', 'db1');
    await expectReplica(lab, 'db3', 'db1');
    await settle({ primary: 'db1' });
  }));
