import { incident } from './incident';
import { declareProvisioning, emptied, provision } from './provisioning';
import { executedOn } from './rejoining';

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

test('P2: a table that CLONE would copy empty is named, and a new server stays as it is', () =>
  incident({ watched: false, durability: 'async' }, async (scene) => {
    const { lab } = scene;
    await lab.rows('db1', 'CREATE TABLE shop.old (id INT PRIMARY KEY) ENGINE = MyISAM');
    await emptied(lab, 'db3');
    const told = await provision(scene, { instance: 'db3', strategy: 'clone' });
    expect(told.headline).toMatch(/CLONE copies InnoDB alone, and db2 has shop\.old \(MyISAM\)/);
    expect(told.outcome).toBe('refused');
    expect(await executedOn(lab, 'db3')).toBe('');
  }));
