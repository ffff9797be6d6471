import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hostOf } from '../../../activities/hosts/control';
import { startInstance } from '../../../activities/hosts/start';
import { findCluster, loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { openServers } from '../../../activities/mysql/servers';
import { type HostControl } from '../../../workflows/decisions/hosts';
import { instance } from '../../decisions/members';
import { withLab } from '../../support/lab';
import { eventually } from '../../support/wait';

const lab = withLab({ replicas: 0, router: 'none' });
const folder = mkdtempSync(join(tmpdir(), 'mrt-hosts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const controlled = (control: HostControl) => hostOf({ name: 'orders' }, { ...instance('db1'), control })!;

test('a server that is down is started as the inventory says, once, and is stopped cleanly', async () => {
  const inventory = await loadInventory(lab().inventoryPath);
  const cluster = findCluster(inventory, lab().cluster);
  const servers = openServers({ secrets: (reference) => resolveSecret(reference, inventory.folder) });
  const nothing = () => undefined;
  const deps = {
    ...{ servers, inventory: () => Promise.resolve(inventory), checkpoint: nothing, heartbeat: nothing },
    secret: () => Promise.reject(new Error('not asked')),
  };
  const host = hostOf(cluster, cluster.instances[0]!)!;
  try {
    await lab().faults.kill('db1');
    expect(await host.alive()).toBe(false);
    const both = [startInstance(deps, cluster, 'db1', 60), startInstance(deps, cluster, 'db1', 60)];
    expect(await Promise.all(both)).toEqual(['started', 'started']);
    const { pid } = lab().server('db1');
    await host.start();
    expect(await startInstance(deps, cluster, 'db1', 60)).toBe('was there');
    expect(lab().server('db1').pid).toBe(pid);
    await host.stop();
    await host.stop();
    expect(await host.alive()).toBe(false);
    expect(readFileSync(lab().server('db1').errorLog, 'utf8')).toMatch(/Shutdown complete/);
  } finally {
    await servers.close();
  }
});

test('a file of a process that has gone names nobody: its number may be anybody’s by now', async () => {
  const pidFile = join(folder, 'stale.pid');
  writeFileSync(pidFile, `${process.pid}\n`);
  expect(await controlled({ kind: 'local', start: ['mysqld', '--defaults-file=/x'], pidFile }).alive()).toBe(false);
});

/** As ssh and sshd together: what follows the destination goes to a shell. */
const SSH = '#!/bin/sh\necho "$@" >> "$0.said"\nfor last; do :; done\nexec sh -c "$last"\n';

test('a program on another machine gets its words as they are, and its streams', async () => {
  const program = join(folder, 'ssh');
  writeFileSync(program, SSH);
  chmodSync(program, 0o755);
  const { PATH = '' } = process.env;
  process.env['PATH'] = `${folder}${delimiter}${PATH}`;
  try {
    const destination = 'mysql@db1';
    const host = controlled({ kind: 'ssh', destination, options: ['-p', '2222'], unit: 'mysql', sudo: true });
    const running = host.open!(['sh', '-c', 'printf "%s|" "$@"; cat', 'sh', "it's", '$HOME', 'two  words']);
    running.input.end('streamed');
    let said = '';
    for await (const piece of running.output) said += String(piece);
    expect(said).toBe("it's|$HOME|two  words|streamed");
    expect((await running.ended).code).toBe(0);
    await expect(host.start()).rejects.toMatchObject({ code: 'TOOL_FAILED' });
    expect(readFileSync(`${program}.said`, 'utf8')).toContain(
      "-p 2222 mysql@db1 'sudo' '-n' 'systemctl' 'start' '--no-block' 'mysql'",
    );
  } finally {
    process.env['PATH'] = PATH;
  }
});

test('a command is told what to do with which server', async () => {
  const file = join(folder, 'told');
  const host = controlled({ kind: 'command', command: ['sh', '-c', `cat > ${file}`] });
  await host.start();
  const told = await eventually('the command was told', () => readFileSync(file, 'utf8'));
  expect(JSON.parse(told)).toMatchObject({
    version: 1,
    operation: 'start',
    cluster: 'orders',
    instance: { name: 'db1' },
  });
});
