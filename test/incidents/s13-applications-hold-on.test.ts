import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../lab';
import { eventually } from '../support/wait';
import { incident } from './incident';
import { switchOver } from './switching';

/** A program that connects past the router to the address in a file, holds on to it, and reads the file again when it is signalled. Until then it connects to nobody. */
const PROGRAM = `
const { readFileSync } = require('node:fs');
const { createConnection } = require(${JSON.stringify(require.resolve('mysql2/promise'))});
const [, file, user] = process.argv;
const password = process.env.PASSWORD;
let session;
const connect = async () => {
  const [host, port] = readFileSync(file, 'utf8').trim().split(' ');
  const next = await createConnection({ host, port: Number(port), user, password });
  next.on('error', () => undefined);
  session?.destroy();
  session = next;
};
process.on('SIGUSR2', () => void connect().catch(() => undefined));
require('node:fs').writeFileSync(file + '.listens', '');
setInterval(() => undefined, 1000);
`;

/** As somebody would write it: notes where the primary is now, and signals. \`deaf\`: says that all is well and tells nobody. */
const command = (folder: string, name: string, pid: number, deaf: boolean): string[] => {
  const script = join(folder, `${name}.js`);
  writeFileSync(
    script,
    `const fs = require('node:fs');
const { newPrimary, run } = JSON.parse(fs.readFileSync(0, 'utf8'));
fs.appendFileSync(${JSON.stringify(join(folder, `${name}.runs`))}, run + '\\n');
if (!${deaf}) { fs.writeFileSync(${JSON.stringify(join(folder, `${name}.address`))}, newPrimary.host + ' ' + newPrimary.port);
process.kill(${pid}, 'SIGUSR2'); }`,
  );
  return [process.execPath, script];
};

const sessionsOf = (lab: Lab, user: string, server: string): Promise<unknown> =>
  lab.value(server, 'SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_USER = ?', [user]);

test('applications that hold on to the old primary: the one that is signalled comes back, the deaf one is told, a third came by itself', () =>
  incident({ watched: false, perSecond: 20 }, async (scene) => {
    const { lab, settle } = scene;
    const { folder, inventoryPath } = lab.state;
    const password = readFileSync(lab.state.accounts.app.passwordFile, 'utf8');
    const db1 = lab.server('db1');
    const programs = ['shop', 'deaf'].map((name) => {
      writeFileSync(join(folder, `${name}.address`), `${db1.host} ${db1.port}`);
      const args = ['-e', PROGRAM, '--', join(folder, `${name}.address`), name];
      return { name, child: spawn(process.execPath, args, { env: { ...process.env, PASSWORD: password } }) };
    });
    try {
      for (const { name } of programs) await lab.rows('db1', `CREATE USER ${name}@'%' IDENTIFIED BY '${password}'`);
      for (const { name, child } of programs) {
        await eventually(`${name} listens`, () => existsSync(join(folder, `${name}.address.listens`)));
        child.kill('SIGUSR2');
        await eventually(`${name} is connected to db1`, async () => Number(await sessionsOf(lab, name, 'db1')) > 0);
      }
      const inventory = parse(readFileSync(inventoryPath, 'utf8')) as { clusters: Record<string, object> };
      inventory.clusters[lab.cluster] = {
        ...inventory.clusters[lab.cluster],
        applications: [
          ...programs.map(({ name, child }) => ({
            name,
            user: name,
            command: command(folder, name, child.pid!, name === 'deaf'),
            ...{ patienceSeconds: 0, deadlineSeconds: 3 },
          })),
          // The load goes through the router, which has cut its sessions: it needs nobody.
          { name: 'load', user: lab.state.accounts.app.user, command: ['/bin/false'], patienceSeconds: 10 },
        ],
      };
      writeFileSync(inventoryPath, stringify(inventory));

      const told = await switchOver(scene, { to: 'db2' });
      expect(told).toMatchObject({ outcome: 'done', newPrimary: 'db2' });
      expect(told.left).toEqual([
        'deaf did not come back: 0 of its user deaf connected to db2, and 1 still hold on to db1; its command ended well. Look where it connects, and restart it by hand',
      ]);
      const detailOf = (name: string) =>
        told.steps.find(({ title }) => title === `See that ${name} comes back`)?.detail;
      expect(detailOf('shop')).toBe('1 of its user shop connected to db2; its command ended well');
      expect(detailOf('load')).toMatch(/^\d+ of its user app connected to db2, by itself$/);
      expect(await sessionsOf(lab, 'shop', 'db1')).toBe(0);
      for (const { name } of programs) expect(readFileSync(join(folder, `${name}.runs`), 'utf8')).toBe(`${told.run}\n`);
      await settle({ primary: 'db2' });
    } finally {
      for (const { child } of programs) child.kill('SIGKILL');
    }
  }));
