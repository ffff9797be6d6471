import { type RunbookError } from '../../../activities/errors';
import { onAllRouters } from '../../../activities/routing/router';
import { type Instance } from '../../../workflows/decisions/cluster';
import { eventually } from '../../support/wait';
import { listenIn, openHaproxy, startOneHaproxy, type OneHaproxy, type Setup } from './one-haproxy';

let running: OneHaproxy[] = [];
afterEach(async () => {
  await Promise.all(running.map((haproxy) => haproxy.stop()));
  running = [];
});

async function haproxy(setup?: Setup) {
  const one = await startOneHaproxy(setup);
  running.push(one);
  const [db1, db2, db3] = one.instances as [Instance, Instance, Instance];
  return { ...one, db1, db2, db3, control: openHaproxy(one.router, one.instances, { deadlineMs: 2000 }) };
}

const refusal = (work: Promise<unknown>): Promise<RunbookError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as RunbookError,
  );

describe('reading', () => {
  test('who takes writes and reads, how many sessions hang on each, and where each server is', async () => {
    const { control, client, db1, db2 } = await haproxy();
    await Promise.all([client('writes'), client('writes')]);
    expect(await control.read()).toMatchObject({
      router: 'haproxy-1',
      writers: ['db1'],
      readers: ['db2', 'db3'],
      sessions: { db1: 2, db2: 0, db3: 0 },
      addresses: { db1: `127.0.0.1:${db1.port}`, db2: `127.0.0.1:${db2.port}` },
    });
  });

  test('a server that was disabled in the configuration and made ready by an operator is a writer', async () => {
    const { control, tell } = await haproxy();
    await tell('set server w/db1 state maint;set server w/db2 state ready');
    expect((await control.read()).writers).toEqual(['db2']);
  });

  test('a draining server is still a writer: its sessions go on', async () => {
    const { control, tell } = await haproxy();
    await tell('set server w/db1 state drain');
    expect((await control.read()).writers).toEqual(['db1']);
  });

  test('the runtime socket may be a TCP port', async () => {
    const { byTcp, instances } = await haproxy();
    expect((await openHaproxy(byTcp, instances).read()).writers).toEqual(['db1']);
  });
});

describe('fencing', () => {
  test('cuts every session and turns new clients away, and twice is the same as once', async () => {
    const { control, client } = await haproxy();
    const clients = await Promise.all(Array.from({ length: 50 }, () => client('writes')));
    expect(clients.map(({ greeting }) => greeting)).toEqual(Array(50).fill('db1'));

    const fenced = await control.fence();
    expect(fenced).toMatchObject({ writers: [], sessions: { db1: 0, db2: 0, db3: 0 } });
    await Promise.all(clients.map(({ closed }) => closed));
    expect((await client('writes')).greeting).toBe('');
    expect(await control.fence()).toEqual(fenced);
  });

  test('sessions that outlived an earlier maintenance are cut too', async () => {
    const { control, client, tell } = await haproxy();
    const survivor = await client('writes');
    await tell('set server w/db1 state maint');
    expect((await control.read()).sessions).toMatchObject({ db1: 1 });
    expect((await control.fence()).sessions).toMatchObject({ db1: 0 });
    await survivor.closed;
  });

  // HAProxy does not cut a session a second time: what is shut towards the server stays until the server's side is over.
  test('a session whose client has left, while the server hangs, carries nothing more and is no session', async () => {
    const { control, client, tell } = await haproxy({ hung: true });
    const [gone, there] = await Promise.all([client('writes'), client('writes')]);
    gone.leave();
    await eventually('HAProxy has passed on that it left', async () =>
      /rq\[f=\w*[2367abef]\w{3}h/.test(await tell('show sess')),
    );
    expect((await control.read()).sessions).toMatchObject({ db1: 2 });
    expect(await control.fence()).toMatchObject({ writers: [], sessions: { db1: 0 } });
    await there.closed;
    expect(await tell('show stat w 4 -1')).toMatch(/^w,db1,0,0,1,/m);
  });

  test('a draining server is taken out', async () => {
    const { control, tell } = await haproxy();
    await tell('set server w/db1 state drain');
    expect((await control.fence()).writers).toEqual([]);
  });

  test('reads go on', async () => {
    const { control, client } = await haproxy();
    const reader = await client('reads');
    expect((await control.fence()).readers).toEqual(['db2', 'db3']);
    expect(reader.isOpen()).toBe(true);
  });
});

describe('pointing writes', () => {
  test('leaves exactly one writer, also when two were ready, and cuts the sessions of all others', async () => {
    const { control, client, db3 } = await haproxy({ writeLine: (name) => (name === 'db3' ? 'disabled' : '') });
    const clients = await Promise.all([client('writes'), client('writes')]);
    expect(clients.map(({ greeting }) => greeting).sort()).toEqual(['db1', 'db2']);

    expect(await control.pointWritesTo(db3)).toMatchObject({ writers: ['db3'], sessions: { db1: 0, db2: 0 } });
    await Promise.all(clients.map(({ closed }) => closed));
    expect((await client('writes')).greeting).toBe('db3');
  });

  test('takes the old writer out and cuts it before the new one is in: at no moment two', async () => {
    const { byTcp, instances, db2 } = await haproxy();
    const wire = await listenIn(byTcp);
    await openHaproxy(wire.router, instances).pointWritesTo(db2);
    const [change = ''] = wire.heard().filter((line) => line.includes('set server'));
    expect(change.split(';').slice(0, 5)).toEqual([
      'set server w/db1 state maint',
      'shutdown sessions server w/db1',
      'set server w/db3 state maint',
      'shutdown sessions server w/db3',
      'set server w/db2 state ready',
    ]);
    wire.close();
  });

  test('to where they go already changes nothing: sessions stay', async () => {
    const { control, client, db1 } = await haproxy();
    const writer = await client('writes');
    expect(await control.pointWritesTo(db1)).toMatchObject({ writers: ['db1'], sessions: { db1: 1 } });
    expect(writer.isOpen()).toBe(true);
  });

  test('cuts what still hangs on the old writer even when the new one is in place', async () => {
    const { control, client, tell, db2 } = await haproxy();
    const straggler = await client('writes');
    await tell('set server w/db1 state maint;set server w/db2 state ready');
    expect((await control.pointWritesTo(db2)).sessions).toMatchObject({ db1: 0 });
    await straggler.closed;
  });

  test('takes a draining server back', async () => {
    const { control, client, tell, db1 } = await haproxy();
    await tell('set server w/db1 state drain');
    await control.pointWritesTo(db1);
    expect((await client('writes')).greeting).toBe('db1');
  });
});

describe('pointing reads', () => {
  test('to exactly these servers; sessions on the others are cut', async () => {
    const { control, client, db1, db3 } = await haproxy();
    const readers = await Promise.all([client('reads'), client('reads')]);
    const cut = readers.find(({ greeting }) => greeting === 'db2')!;
    const kept = readers.find(({ greeting }) => greeting === 'db3')!;

    expect((await control.pointReadsTo([db1, db3])).readers).toEqual(['db1', 'db3']);
    await cut.closed;
    expect(kept.isOpen()).toBe(true);
    expect((await control.read()).writers).toEqual(['db1']);
  });

  test('does nothing where the inventory names no backend for reads', async () => {
    const { router, instances, control, db1 } = await haproxy();
    const { kind, name, socket, writeBackend, writeAddress } = router;
    const writesOnly = openHaproxy({ kind, name, socket, writeBackend, writeAddress }, instances);
    expect((await writesOnly.pointReadsTo([db1])).readers).toEqual([]);
    expect((await control.read()).readers).toEqual(['db2', 'db3']);
  });
});

describe('a router that cannot be reached', () => {
  test.each([
    ['no such socket', 'unix:/nonexistent/h.sock', 'ENOENT'],
    ['nothing listens', '127.0.0.1:1', 'ECONNREFUSED'],
  ])('%s', async (_, socket, words) => {
    const router = {
      kind: 'haproxy',
      name: 'gone',
      socket,
      writeBackend: 'w',
      writeAddress: { host: '', port: 0 },
    } as const;
    const error = await refusal(openHaproxy(router, []).fence());
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE', message: expect.stringContaining(words) as string });
  });

  test('a hung HAProxy costs the deadline and not more', async () => {
    const { router, instances, process } = await haproxy();
    process.kill('SIGSTOP');
    const start = performance.now();
    const error = await refusal(openHaproxy(router, instances, { deadlineMs: 150 }).fence());
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE', family: 'not yet' });
    expect(error.message).toContain('did not answer in time');
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('takes nothing from the other routers', async () => {
    const { router, byTcp, instances } = await haproxy();
    const dead = { ...router, name: 'dead', socket: '127.0.0.1:1' };
    const fenced = await onAllRouters([dead, byTcp], (one) => openHaproxy(one, instances).fence());
    expect(fenced).toMatchObject([
      { router: 'dead', ok: false, error: { code: 'ROUTER_UNREACHABLE' } },
      { router: 'haproxy-tcp', ok: true, value: { writers: [] } },
    ]);
  });
});

describe('a router that is not the one the inventory describes is left as it is', () => {
  test('no such backend: the ones that exist are named', async () => {
    const { router, instances } = await haproxy();
    const error = await refusal(openHaproxy({ ...router, writeBackend: 'mysql' }, instances).fence());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('no backend mysql with servers; it has w, r');
  });

  test('a backend name that would be another command', async () => {
    const { router, instances, control } = await haproxy();
    const sly = { ...router, writeBackend: 'w;set server w/db1 state maint;show servers state w' };
    expect(await refusal(openHaproxy(sly, instances).read())).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect((await control.read()).writers).toEqual(['db1']);
  });

  test('no such server: the ones that exist are named, and nothing is taken out', async () => {
    const { control, db1 } = await haproxy();
    const error = await refusal(control.pointWritesTo({ ...db1, name: 'db9', port: 1 }));
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('backend w has no server db9; it has db1, db2, db3');
    expect((await control.read()).writers).toEqual(['db1']);
  });

  test('a name that leads to another server of the inventory', async () => {
    const { router, instances, control, db1, db2, db3 } = await haproxy();
    const swapped = [db1, { ...db2, port: db3.port }, { ...db3, port: db2.port }];
    const error = await refusal(openHaproxy(router, swapped).pointWritesTo(db2));
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain(
      `db2 is 127.0.0.1:${db2.port}, which is db3; the inventory has 127.0.0.1:${db3.port}`,
    );
    expect((await control.read()).writers).toEqual(['db1']);
    expect(instances).toHaveLength(3);
  });

  test('servers of equal ports are told apart by their address', async () => {
    const { router, db1, db2 } = await haproxy();
    // The inventory believes db1 to be elsewhere, and another instance to be where HAProxy has db1.
    const swapped = [
      { ...db1, host: '10.0.0.1' },
      { ...db2, name: 'db7', port: db1.port },
    ];
    const error = await refusal(openHaproxy(router, swapped).read());
    expect(error.message).toContain('which is db7; the inventory has 10.0.0.1');
  });

  test('another port', async () => {
    const { router, db1 } = await haproxy();
    const error = await refusal(openHaproxy(router, [{ ...db1, port: 3306 }]).read());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('the inventory has 127.0.0.1:3306');
  });

  test('but it can be fenced: every server goes out, whatever its name leads to', async () => {
    const { router, db1 } = await haproxy();
    expect((await openHaproxy(router, [{ ...db1, port: 3306 }]).fence()).writers).toEqual([]);
  });

  test('a router that reaches the servers by a network of its own is let pass', async () => {
    const { router, instances } = await haproxy();
    const elsewhere = instances.map((instance) => ({ ...instance, host: '10.0.0.1' }));
    expect((await openHaproxy(router, elsewhere).read()).writers).toEqual(['db1']);
  });

  test('a socket that does not let us change servers', async () => {
    const { control } = await haproxy({ level: 'operator' });
    expect((await control.read()).writers).toEqual(['db1']);
    const error = await refusal(control.fence());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.hint).toContain('level admin');
  });
});

test('a router that goes on doing something else is found by reading back', async () => {
  // db2 inherits its state from a server elsewhere in the configuration, so telling it alone has no effect.
  const { router, instances, db2 } = await haproxy({
    writeLine: (name) => (name === 'db2' ? 'track others/db2' : 'disabled'),
    more: ([, second]) => `backend others\n  server db2 127.0.0.1:${second!.port} check disabled`,
  });
  const error = await refusal(openHaproxy(router, instances, { deadlineMs: 100 }).pointWritesTo(db2));
  expect(error).toMatchObject({ code: 'ROUTER_DISAGREES', family: 'not yet' });
  expect(error.message).toContain('reads back otherwise: db2 is maint');
});
