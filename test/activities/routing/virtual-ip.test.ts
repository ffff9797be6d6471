import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type RunbookError } from '../../../activities/errors';
import { openRouter } from '../../../activities/routing/router';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type CommandRouter } from '../../../workflows/decisions/router';
import { findArping } from '../../support/arping';
import { whyNoNamespaces } from '../../support/spaces';
import { eventually } from '../../support/wait';
import { type Hosts, startHosts } from './namespaces';

const because = whyNoNamespaces();
if (because !== '') console.warn(`The virtual IP is not tested here: ${because}.`);

const VIP = '10.231.7.100';
let hosts: Hosts;
let db1: Instance;
let db2: Instance;
let arping: string;

(because === '' ? describe : describe.skip)('the virtual IP between two hosts', () => {
  beforeAll(async () => {
    arping = await findArping();
  }, 120_000);
  beforeEach(async () => {
    hosts = await startHosts();
    [db1, db2] = hosts.instances as [Instance, Instance];
  });
  afterEach(() => hosts.stop());

  const routerWith = (more: readonly string[] = []): CommandRouter => ({
    kind: 'command',
    name: 'vip',
    command: [
      join(__dirname, '../../../hooks/virtual-ip'),
      ...['--address', `${VIP}/32`, '--interface', 'eth0', '--on', hosts.way, '--arping', arping, ...more],
    ],
    deadlineSeconds: 15,
    holds: false,
    reads: false,
    secrets: {},
    writeAddress: { host: VIP, port: 3306 },
  });
  const control = (more: readonly string[] = []) =>
    openRouter({ secret: () => Promise.reject(new Error('not asked')) }, routerWith(more), hosts.instances);
  const refusal = (work: Promise<unknown>): Promise<RunbookError> =>
    work.then(
      () => Promise.reject(new Error('it was not refused')),
      (error: unknown) => error as RunbookError,
    );
  const macOf = (name: string) =>
    /link\/ether (\S+)/.exec(hosts.inside(name, 'ip', '-o', 'link', 'show', 'eth0'))?.[1] ?? '?';
  const neighbour = () => /lladdr (\S+)/.exec(hosts.inside('client', 'ip', 'neigh', 'show', 'to', VIP))?.[1] ?? 'none';
  const has = (name: string) => hosts.inside(name, 'ip', '-o', 'addr', 'show', 'to', `${VIP}/32`) !== '';

  test('clients reach the host that it is moved to, without asking who has it: their ARP cache was corrected', async () => {
    expect(await control().pointWritesTo(db1)).toMatchObject({ writers: ['db1'], sessions: { db1: 0, db2: 0 } });
    const before = await hosts.client(VIP);
    expect(await before.ask()).toBe('db1');
    expect(neighbour()).toBe(macOf('db1'));
    expect((await control().read()).sessions).toEqual({ db1: 1, db2: 0 });

    const moved = await control().pointWritesTo(db2);
    expect(moved).toMatchObject({ writers: ['db2'], sessions: { db1: 0, db2: 0 } });
    expect(moved.noProof).toBeUndefined();
    await eventually('the client knows the new owner', () => neighbour() === macOf('db2'));
    expect(await (await hosts.client(VIP)).ask()).toBe('db2');
    // The session from before is on nobody: it never hears from db1 again.
    expect(await before.ask()).not.toBe('db1');
    expect([has('db1'), has('db2')]).toEqual([false, true]);
  });

  test('fenced: no host has it, sessions hear nothing more, and twice is the same as once', async () => {
    await control().pointWritesTo(db1);
    const session = await hosts.client(VIP);
    expect(await session.ask()).toBe('db1');
    const fenced = await control().fence();
    expect(fenced).toMatchObject({ writers: [], sessions: { db1: 0, db2: 0 } });
    expect(await session.ask()).not.toBe('db1');
    expect(await control().fence()).toEqual(fenced);
    expect([has('db1'), has('db2')]).toEqual([false, false]);
  });

  test.each(['refuse', 'hang'] as const)(
    'a host that cannot be asked (%s) is never taken for one without it: the others are fenced, and it is no proof',
    async (how) => {
      await control().pointWritesTo(db1);
      hosts.cutOff('db1', how);
      const error = await refusal(control().fence());
      expect(error).toMatchObject({ code: 'FENCE_NOT_PROVEN', family: 'not safe' });
      expect(error.message).toContain(
        how === 'refuse' ? 'db1 (connect to host db1: No route to host)' : 'db1 (no answer within 1 s)',
      );
      expect(await refusal(control().read())).toMatchObject({ code: 'ROUTER_UNREACHABLE' });
      expect(await (await hosts.client(VIP)).ask()).toBe('db1');

      // Where another proof was had, clients are led away all the same, and the reading says that it is no proof.
      const moved = await control().pointWritesTo(db2);
      expect(moved.writers).toEqual(['db2']);
      expect(moved.noProof).toContain('cannot tell whether clients reach db1');

      hosts.reachAgain('db1');
      expect((await control().read()).writers).toEqual(['db1', 'db2']);
      expect((await control().pointWritesTo(db2)).writers).toEqual(['db2']);
      expect(has('db1')).toBe(false);
    },
  );

  test('without arping on the new host nothing is moved, and the cure is told', async () => {
    await control().pointWritesTo(db1);
    const error = await refusal(control(['--arping', '/no/such/arping']).pointWritesTo(db2));
    expect(error).toMatchObject({ code: 'ROUTER_DISAGREES' });
    expect(error.message).toContain('db2: /no/such/arping is not here: install iputils-arping');
    expect(has('db1')).toBe(true);
  });

  test('an option that it does not know, or an address that it cannot move, is a sentence', async () => {
    const known = await refusal(control(['--adress', '10.0.0.1/32']).read());
    expect(known).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(known.message).toContain('there is no option --adress');
    const six = await refusal(control(['--address', 'fd00::1/128']).read());
    expect(six.message).toContain('--address is an IPv4 address with its prefix');
  });

  test('killed in the middle of a move, at any point, and repeated: one host has it', async () => {
    await control().pointWritesTo(db1);
    for (const afterMs of [20, 60, 120, 250]) {
      const [program, ...args] = routerWith().command;
      const HOOK_INSTANCES = hosts.instances.map(({ name, host, port }) => `${name} ${host} ${port}`).join('\n');
      const env = {
        ...process.env,
        TMPDIR: hosts.folder,
        HOOK_OPERATION: 'pointWritesTo',
        HOOK_TO: 'db2',
        HOOK_INSTANCES,
      };
      try {
        execFileSync(program!, args, { env, timeout: afterMs, killSignal: 'SIGKILL', stdio: 'pipe' });
      } catch {
        // Killed, as it should be; or done before.
      }
      const seen = await control().read();
      expect(seen.writers.length).toBeLessThanOrEqual(1);
      expect((await control().pointWritesTo(db2)).writers).toEqual(['db2']);
      expect((await control().pointWritesTo(db1)).writers).toEqual(['db1']);
    }
  });
});
