import { type Instance } from '../../../workflows/decisions/cluster';
import { type RunbookError } from '../../../activities/errors';
import {
  instanceAt,
  isUpdate,
  openDns,
  type OneNamed,
  READS,
  startOneNamed,
  WRITES,
  type NamedSetup,
} from './one-named';
import { relayTo } from '../../support/relay';

let ends: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(ends.map((end) => end()));
  ends = [];
});

const db1 = instanceAt('db1', '10.0.0.11');
const db2 = instanceAt('db2', '10.0.0.12');
const db3 = instanceAt('db3', '10.0.0.13');
const all = [db1, db2, db3];

async function named(setup: NamedSetup = {}): Promise<OneNamed> {
  const one = await startOneNamed(setup);
  ends.push(one.stop);
  return one;
}

const refusal = (work: Promise<unknown>): Promise<RunbookError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as RunbookError,
  );

describe('reading', () => {
  test('whom the names lead to, where new clients come in, and how long resolvers remember', async () => {
    const control = openDns(await named(), all);
    expect(control.holds).toBe(false);
    expect(await control.read()).toEqual({
      router: 'dns-1',
      writers: ['db1'],
      readers: ['db2', 'db3'],
      sessions: {},
      settings: {},
      addresses: { db1: '10.0.0.11:3306', db2: '10.0.0.12:3306', db3: '10.0.0.13:3306' },
      noProof: 'a name server cuts no sessions, and resolvers keep what they know',
      staleForSeconds: 5,
      entrance: { host: '10.0.0.11', port: 3306 },
    });
  });

  test('a name that is not there leads to no server', async () => {
    const routing = await openDns(await named({ records: '' }), all).read();
    expect(routing).toMatchObject({ writers: [], readers: [] });
    expect(routing).not.toHaveProperty('entrance');
  });

  test('an address that no instance has is told as it is', async () => {
    const one = await named({ records: 'orders-rw 300 A 10.9.9.9\norders-rw 300 A 10.0.0.12' });
    expect(await openDns(one, all).read()).toMatchObject({ writers: ['db2', '10.9.9.9'], staleForSeconds: 300 });
  });
});

describe('pointing writes', () => {
  test('replaces the address in one update, and twice is the same as once', async () => {
    const one = await named();
    const control = openDns(one, all);
    const before = await one.serial();
    const routing = await control.pointWritesTo(db2);
    expect(routing).toMatchObject({
      writers: ['db2'],
      readers: ['db2', 'db3'],
      entrance: { host: '10.0.0.12', port: 3306 },
    });
    expect(await one.told(WRITES)).toEqual(['10.0.0.12 5']);
    expect(await one.serial()).toBe(before + 1);

    expect(await control.pointWritesTo(db2)).toEqual(routing);
    expect(await one.serial()).toBe(before + 1);
  });

  test('makes a record where there is none', async () => {
    const one = await named({ records: '' });
    expect((await openDns(one, all).pointWritesTo(db1)).writers).toEqual(['db1']);
    expect(await one.told(WRITES)).toEqual(['10.0.0.11 5']);
  });

  test('leaves one address where there were several, and says how long resolvers keep the old ones', async () => {
    const one = await named({ records: 'orders-rw 600 A 10.0.0.11\norders-rw 600 A 10.9.9.9' });
    expect(await openDns(one, all).pointWritesTo(db1)).toMatchObject({ writers: ['db1'], staleForSeconds: 600 });
    expect(await one.told(WRITES)).toEqual(['10.0.0.11 5']);
  });

  test('corrects the TTL of a record that somebody else wrote', async () => {
    const one = await named({ records: 'orders-rw 600 A 10.0.0.11' });
    expect((await openDns(one, all).pointWritesTo(db1)).staleForSeconds).toBe(600);
    expect(await one.told(WRITES)).toEqual(['10.0.0.11 5']);
  });

  test('from IPv4 to IPv6 and back leaves no address of the other kind', async () => {
    const one = await named();
    // Written in another way than the server prints it.
    const six = instanceAt('db2', '2001:DB8:0:0::12');
    const control = openDns(one, [db1, six, db3]);
    expect(await control.pointWritesTo(six)).toMatchObject({ writers: ['db2'], entrance: { host: '2001:db8::12' } });
    expect(await one.told(WRITES)).toEqual(['2001:db8::12 5']);
    const serial = await one.serial();
    await control.pointWritesTo(six);
    expect(await one.serial()).toBe(serial);
    await control.pointWritesTo(db1);
    expect(await one.told(WRITES)).toEqual(['10.0.0.11 5']);
  });

  test('an update whose answer is lost is made once: the next try finds it done', async () => {
    const one = await named();
    const relay = await relayTo(one.port, { pass: (answer, asked) => (isUpdate(asked) ? null : answer) });
    ends.push(relay.close);
    const before = await one.serial();
    const behind = { ...one, router: { ...one.router, server: { host: '127.0.0.1', port: relay.port } } };
    const lost = await refusal(openDns(behind, all, { deadlineMs: 1000 }).pointWritesTo(db2));
    expect(lost).toMatchObject({ code: 'ROUTER_UNREACHABLE', family: 'not yet' });
    expect(await one.told(WRITES)).toEqual(['10.0.0.12 5']);

    expect((await openDns(behind, all).pointWritesTo(db2)).writers).toEqual(['db2']);
    expect(await one.serial()).toBe(before + 1);
  });
});

describe('pointing reads', () => {
  test('to exactly these; writes stay', async () => {
    const one = await named();
    expect(await openDns(one, all).pointReadsTo([db3, db1])).toMatchObject({
      readers: ['db1', 'db3'],
      writers: ['db1'],
    });
    expect(await one.told(READS)).toEqual(['10.0.0.11 5', '10.0.0.13 5']);
  });

  test('does nothing where the inventory has no name for reads', async () => {
    const one = await named();
    const { kind, name, server, zone, writeName, ttlSeconds, key, writeAddress } = one.router;
    const router = { kind, name, server, zone, writeName, ttlSeconds, key, writeAddress };
    expect((await openDns({ ...one, router }, all).pointReadsTo([db1])).readers).toEqual([]);
    expect(await one.told(READS)).toEqual(['10.0.0.12 5', '10.0.0.13 5']);
  });
});

describe('what DNS cannot do', () => {
  test('it is no fence: the record stays, and it is said for how long resolvers keep it', async () => {
    const one = await named({ records: 'orders-rw 30 A 10.0.0.11' });
    const error = await refusal(openDns(one, all).fence());
    expect(error).toMatchObject({
      code: 'FENCE_NOT_PROVEN',
      message: 'not fenced: DNS cuts no sessions, and resolvers may keep the old address of router dns-1 for 30 s',
    });
    expect(await one.told(WRITES)).toEqual(['10.0.0.11 30']);
  });

  test('nor is it one that cannot be reached', async () => {
    const one = await named();
    await one.stop();
    expect(await refusal(openDns(one, all).fence())).toMatchObject({ code: 'FENCE_NOT_PROVEN' });
  });

  test('a hold and its end change nothing', async () => {
    const one = await named();
    const control = openDns(one, all);
    const serial = await one.serial();
    const before = await control.read();
    expect(await control.hold(db1)).toEqual(before);
    expect(await control.release(db1, {})).toEqual(before);
    expect(await one.serial()).toBe(serial);
  });
});

describe('instances that are named by a host name', () => {
  const byName = [db1, instanceAt('db2', 'db2.example.org'), db3];

  test('are published with all their addresses', async () => {
    const one = await named();
    const lookup = () => Promise.resolve(['2001:db8::12', '10.0.0.12']);
    const control = openDns(one, byName, { lookup });
    expect((await control.pointWritesTo(byName[1]!)).writers).toEqual(['db2']);
    expect(await one.told(WRITES)).toEqual(['10.0.0.12 5', '2001:db8::12 5']);
    expect((await control.read()).entrance).toEqual({ host: '10.0.0.12', port: 3306 });
  });

  test('a resolver that is silent takes nothing from the others, and is named where it is needed', async () => {
    const one = await named();
    const control = openDns(one, byName, { lookup: () => new Promise(() => undefined), deadlineMs: 2000 });
    expect((await control.pointWritesTo(db3)).writers).toEqual(['db3']);
    const error = await refusal(control.pointWritesTo(byName[1]!));
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE' });
    expect(error.message).toContain('its host db2.example.org cannot be resolved here: no answer in time');
    expect(await one.told(WRITES)).toEqual(['10.0.0.13 5']);
  });

  test('a name that leads to this very machine is not given to clients', async () => {
    const error = await refusal(openDns(await named(), [instanceAt('db1', 'localhost')]).read());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('the host localhost of db1 cannot be given to clients');
  });

  test('two instances at one address cannot be told apart by a name', async () => {
    const error = await refusal(
      openDns(await named(), [db1, { ...db2, host: db1.host, port: 3307 }]).pointWritesTo(db1),
    );
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('db1 and db2 are both at 10.0.0.11');
  });
});

describe('a key that the server does not take', () => {
  test.each([
    ['another secret', {}, 'b3RoZXIgc2VjcmV0', 'has another secret for key runbooks (BADSIG)'],
    ['another name', { name: 'runbook' }, undefined, 'knows no key runbook of hmac-sha256 (BADKEY)'],
    [
      'another algorithm',
      { algorithm: 'hmac-sha512' as const },
      undefined,
      'knows no key runbooks of hmac-sha512 (BADKEY)',
    ],
    ['a secret that is none', {}, 'not base64!', 'the secret of key runbooks is not base64'],
  ])('%s', async (_, key, secret, words) => {
    const one = await named();
    const router = { ...one.router, key: { ...one.router.key, ...key } };
    const error = await refusal(openDns({ router, secret: secret ?? one.secret }, all).pointWritesTo(db2));
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED', family: 'not possible' });
    expect(error.message).toContain(words);
    expect(error.hint).toMatch(/\.$/);
    expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain(secret ?? one.secret);
    expect(await one.told(WRITES)).toEqual(['10.0.0.11 5']);
  });

  test('clocks that are apart: it is said by how much', async () => {
    const slow = () => Date.now() - 3_600_000;
    const error = await refusal(openDns(await named(), all, { clock: slow }).read());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toMatch(/clocks of 127\.0\.0\.1:\d+ and of this worker are 36\d\d s apart \(BADTIME\)/);
  });
});

describe('a server that refuses, or is not the one that is meant', () => {
  const refusedBy = async (setup: NamedSetup, change: object = {}, work: 'read' | 'point' = 'read') => {
    const one = await named(setup);
    const control = openDns({ ...one, router: { ...one.router, ...change } }, all);
    const error = await refusal(work === 'read' ? control.read() : control.pointWritesTo(db2));
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED', family: 'not possible' });
    return error;
  };

  test('the key may not change the name: the policy is told as it must be written', async () => {
    const error = await refusedBy({ zone: 'type primary; file "zone"; allow-update { none; };' }, {}, 'point');
    expect(error.message).toContain(`does not let key runbooks change ${WRITES} (REFUSED)`);
    expect(error.hint).toContain(`update-policy { grant runbooks name ${WRITES} A AAAA; };`);
  });

  test('it does not have the zone', async () => {
    const error = await refusedBy({}, { zone: 'example.net', writeName: 'w.example.net', readName: 'r.example.net' });
    expect(error.message).toContain('refuses to say where example.net leads (REFUSED)');
  });

  test('the zone is a part of another', async () => {
    const error = await refusedBy({}, { zone: 'orders.db.example.org' });
    expect(error.message).toContain(
      'orders.db.example.org is no zone of its own on that server, but a part of db.example.org',
    );
  });

  test('the name is an alias', async () => {
    const error = await refusedBy({ records: 'orders-rw CNAME other.example.org.' });
    expect(error.message).toContain(`${WRITES} is an alias (CNAME) of other.example.org`);
  });

  test('it is a resolver', async () => {
    const zone = await named();
    const error = await refusedBy({
      zone: `type forward; forward only; forwarders { 127.0.0.1 port ${zone.port}; };`,
      options: 'recursion yes; allow-query { any; };',
    });
    expect(error.message).toContain('answers for db.example.org from hearsay');
  });

  test('it passes updates on and does not follow: what is read back is not what was set', async () => {
    const primary = await named({
      zone: `type primary; file "zone"; allow-update { key runbooks; }; allow-transfer { any; };`,
    });
    const secondary = await named({
      zone: `type secondary; primaries { 127.0.0.1 port ${primary.port}; }; allow-update-forwarding { any; }; allow-notify { none; };`,
      secret: primary.secret,
    });
    const error = await refusal(openDns(secondary, all, { deadlineMs: 3000 }).pointWritesTo(db2));
    expect(error).toMatchObject({ code: 'ROUTER_DISAGREES', family: 'not yet' });
    expect(error.message).toContain(`${WRITES} leads to 10.0.0.11, not to 10.0.0.12`);
    expect(await primary.told(WRITES)).toEqual(['10.0.0.12 5']);
  });

  test('an answer that was changed on its way is nobody’s', async () => {
    const one = await named();
    const relay = await relayTo(one.port, {
      pass: (answer) => {
        const at = answer.indexOf(Buffer.from([10, 0, 0, 11]));
        if (at >= 0) answer[at + 3] = 12;
        return answer;
      },
    });
    ends.push(relay.close);
    const router = { ...one.router, server: { host: '127.0.0.1', port: relay.port } };
    const error = await refusal(openDns({ ...one, router }, all).read());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('is not signed with key runbooks');
  });
});

describe('a server that cannot be reached', () => {
  const at = (one: OneNamed, port: number, instances: readonly Instance[] = all, deadlineMs = 5000) =>
    openDns({ ...one, router: { ...one.router, server: { host: '127.0.0.1', port } } }, instances, { deadlineMs });

  test('nothing listens', async () => {
    const error = await refusal(at(await named(), 1).pointWritesTo(db2));
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE', family: 'not yet' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('a hung one costs the deadline and not more', async () => {
    const one = await named();
    one.process.kill('SIGSTOP');
    const start = performance.now();
    const error = await refusal(openDns(one, all, { deadlineMs: 150 }).pointWritesTo(db2));
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE' });
    expect(error.message).toContain('did not answer in time');
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test.each([
    ['speaks of something else', () => Buffer.from('\0\x04SSH-2.0'), 'no DNS message'],
    ['sends half a message', (answer: Buffer) => answer.subarray(0, 20), 'did not answer in time'],
    [
      'sends what cannot be read',
      (answer: Buffer) => answer.fill(0xff, 14, 2 + answer.readUInt16BE(0)),
      'no DNS message',
    ],
  ])('what listens there %s', async (_, pass, words) => {
    const one = await named();
    const relay = await relayTo(one.port, { pass });
    ends.push(relay.close);
    const error = await refusal(at(one, relay.port, all, 1000).read());
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE' });
    expect(error.message).toContain(words);
  });
});
