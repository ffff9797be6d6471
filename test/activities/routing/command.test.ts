import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunbookError } from '../../../activities/errors';
import { openRouter } from '../../../activities/routing/router';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type CommandRouter } from '../../../workflows/decisions/router';
import { eventually } from '../../support/wait';

/** Hooks in shell and node, as somebody would write them; each keeps its state in a file, as a router keeps its own. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hook-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string, host: string): Instance => ({
  ...{ name, host, port: 3306, datacentre: '', promotion: 'neutral' },
  ...{ delaySeconds: 0, backupSource: false },
});
const db1 = at('db1', '10.0.0.11');
const db2 = at('db2', '10.0.0.12');

const open = (script: string, more: Partial<CommandRouter> = {}) => {
  const file = join(folder, 'hook.js');
  writeFileSync(file, script);
  const router: CommandRouter = {
    kind: 'command',
    name: 'door',
    command: [process.execPath, file],
    deadlineSeconds: 20,
    holds: false,
    reads: false,
    secrets: {},
    writeAddress: { host: '10.0.0.9', port: 3306 },
    ...more,
  };
  return openRouter({ secret: () => Promise.resolve('hunter2') }, router, [db1, db2]);
};

/** A router as a file, obeyed at once; `extra` may change what it does or says. */
const obedient = (extra = '') => `
const fs = require('node:fs');
const file = ${JSON.stringify(join(folder, 'state'))};
let state = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8'))
  : { writers: ['db1'], readers: ['db2'], sessions: { db1: 3, db2: 0 }, settings: { limit: 0 } };
const order = JSON.parse(fs.readFileSync(0, 'utf8'));
fs.appendFileSync(file + '.asked', order.operation + ' ' + order.to.join() + '\\n');
const zero = { db1: 0, db2: 0 };
({
  read() {},
  fence() { state = { ...state, writers: [], sessions: zero }; },
  pointWritesTo() { state = { ...state, writers: order.to, sessions: zero }; },
  pointReadsTo() { state = { ...state, readers: order.to }; },
  hold() { state = { ...state, held: true, settings: { limit: 1 } }; },
  release() { state = { ...state, held: false, settings: order.settings }; },
})[order.operation]();
${extra}
fs.writeFileSync(file, JSON.stringify(state));
console.log(JSON.stringify(state));`;

const asked = () =>
  readFileSync(join(folder, 'state.asked'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim());
const refusal = (work: Promise<unknown>): Promise<RunbookError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as RunbookError,
  );

describe('a hook that obeys', () => {
  test('reads, fences, points writes and reads; each change is read back, and what is so already is not asked for', async () => {
    const door = open(obedient(), { reads: true });
    expect(door).toMatchObject({ name: 'door', holds: false });
    expect(await door.read()).toMatchObject({ router: 'door', writers: ['db1'], sessions: { db1: 3 } });
    expect(await door.fence()).toMatchObject({ writers: [], sessions: { db1: 0, db2: 0 } });
    expect((await door.pointWritesTo(db2)).writers).toEqual(['db2']);
    expect((await door.pointReadsTo([db1])).readers).toEqual(['db1']);
    const before = asked();
    expect(before.filter((line) => !line.startsWith('read'))).toEqual([
      'fence',
      'pointWritesTo db2',
      'pointReadsTo db1',
    ]);
    expect(before.at(-1)).toBe('read');
    await door.pointWritesTo(db2);
    expect(asked().slice(before.length)).toEqual(['read']);
  });

  test('one that can hold is told to, and gives back what it had', async () => {
    const door = open(obedient(), { holds: true });
    const { settings } = await door.read();
    expect((await door.hold(db1)).settings).toEqual({ limit: 1 });
    expect((await door.release(db1, settings)).settings).toEqual({ limit: 0 });
  });

  test('one without hold and reads is never asked for them', async () => {
    const door = open(obedient());
    await door.hold(db1);
    await door.release(db1, {});
    await door.pointReadsTo([db1]);
    expect(new Set(asked())).toEqual(new Set(['read']));
  });

  test('the order and the secrets come on standard input, the order also by variables, the secrets by nothing else', async () => {
    const spy = `
const fs = require('node:fs');
const input = fs.readFileSync(0, 'utf8');
fs.writeFileSync(${JSON.stringify(join(folder, 'seen'))}, JSON.stringify({ input: JSON.parse(input), argv: process.argv, env: process.env }));
console.log('{"writers":["db1"],"sessions":{"db1":0,"db2":0}}');`;
    await open(spy, { secrets: { token: { env: 'TOKEN' } } }).pointWritesTo(db1);
    const { input, argv, env } = JSON.parse(readFileSync(join(folder, 'seen'), 'utf8')) as Record<string, object>;
    expect(input).toMatchObject({
      version: 1,
      operation: 'read',
      router: 'door',
      instances: [{ name: 'db1', host: '10.0.0.11', port: 3306 }, { name: 'db2' }],
      to: [],
      settings: {},
      secrets: { token: 'hunter2' },
    });
    expect(env).toMatchObject({ HOOK_OPERATION: 'read', HOOK_INSTANCES: 'db1 10.0.0.11 3306\ndb2 10.0.0.12 3306' });
    expect(JSON.stringify([argv, env])).not.toContain('hunter2');
  });
});

describe('a fence that is none', () => {
  test.each([
    ['sessions that it cannot cut', "state.cannot = ['cutSessions'];", 'it cannot cut the sessions of clients', 'db2'],
    ['sessions that it does not count', 'delete state.sessions.db2;', 'it does not count the sessions of db2', 'db1'],
    ['a server that it cannot ask', "state.unknown = { db1: 'no route' };", 'clients reach db1 (no route)', 'db2'],
  ])('%s: what can be done is done, and the reason is told', async (_, extra, words, next) => {
    const door = open(obedient(extra));
    const error = await refusal(door.fence());
    expect(error).toMatchObject({ code: 'FENCE_NOT_PROVEN', family: 'not safe' });
    expect(error.message).toContain(words);
    expect(asked()).toContain('fence');
    expect((await door.pointWritesTo(next === 'db1' ? db1 : db2)).noProof).toContain(words);
  });

  test('sessions that stay are found by reading back', async () => {
    const error = await refusal(open(obedient('state.sessions = { db1: 2, db2: 0 };'), { deadlineSeconds: 4 }).fence());
    expect(error).toMatchObject({ code: 'ROUTER_DISAGREES', family: 'not yet' });
    expect(error.message).toContain('asked to fence, and reads back otherwise: db1 still has 2 sessions');
  });
});

describe('a hook that fails', () => {
  test.each([
    [
      'exit code',
      'console.error("one\\ntwo hunter2"); process.exit(3)',
      'ROUTER_UNREACHABLE',
      'asked to read, ended with exit code 3; its last words: two ***',
    ],
    ['silence', '', 'ROUTER_MISCONFIGURED', 'asked to read, answered nothing'],
    ['no JSON', 'console.log("fine")', 'ROUTER_MISCONFIGURED', 'answered something that is no JSON'],
    [
      'another form',
      'console.log(`{"writers":"db1"}`)',
      'ROUTER_MISCONFIGURED',
      'answered JSON of another form (writers: ',
    ],
    ['a misspelt part', 'console.log(`{"writers":[],"session":{}}`)', 'ROUTER_MISCONFIGURED', 'session'],
    [
      'its own sentence',
      'console.log(`{"error":"Consul has no leader, hunter2."}`); process.exit(1)',
      'ROUTER_DISAGREES',
      'says: Consul has no leader, ***',
    ],
    [
      'a sentence for ever',
      'console.log(`{"error":"no such key","hint":"Create it","retry":false}`)',
      'ROUTER_MISCONFIGURED',
      'says: no such key',
    ],
  ])('%s', async (_, script, code, words) => {
    const error = await refusal(open(script, { secrets: { token: { env: 'TOKEN' } } }).read());
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(words);
    expect(error.hint).toMatch(/\S.*\.$/);
    expect(JSON.stringify([error.message, error.hint])).not.toContain('hunter2');
  });

  test('a program that is not there', async () => {
    const error = await refusal(open('', { command: ['/no/such/hook'] }).read());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('/no/such/hook, asked to read, cannot be started (ENOENT)');
  });

  test('one that hangs costs the deadline and not more, and what it has started ends with it', async () => {
    const pid = join(folder, 'pid');
    const start = performance.now();
    const hang = ['/bin/sh', '-c', `sleep 600 & echo $! > ${pid}; wait`];
    const error = await refusal(open('', { command: hang, deadlineSeconds: 1 }).fence());
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE' });
    expect(error.message).toContain('did not answer within 1 s and was ended');
    expect(performance.now() - start).toBeLessThan(5000);
    const child = readFileSync(pid, 'utf8').trim();
    await eventually('its child is gone', () => !existsSync(`/proc/${child}`) || isZombie(child));
  });

  test('a hook that says it cannot hold, under an inventory that says it can', async () => {
    const error = await refusal(open(obedient("state.cannot = ['hold'];"), { holds: true }).hold(db1));
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.hint).toContain('holds: true');
  });

  test('one that leads elsewhere than it was told is found by reading back', async () => {
    const door = open(obedient("state.writers = ['db1', 'db2'];"), { deadlineSeconds: 4 });
    const error = await refusal(door.pointWritesTo(db2));
    expect(error).toMatchObject({ code: 'ROUTER_DISAGREES' });
    expect(error.message).toContain('reads back otherwise: db1 takes writes');
  });

  test('a router that follows with a delay is waited for', async () => {
    const late = `

const shown = { ...state };
const count = fs.readFileSync(file + '.asked', 'utf8').split('\\n').length;
if (order.operation === 'read' && count < 6) shown.writers = ['db1'];
fs.writeFileSync(file, JSON.stringify(state)); console.log(JSON.stringify(shown)); process.exit(0);`;
    expect((await open(obedient(late)).pointWritesTo(db2)).writers).toEqual(['db2']);
    expect(asked().filter((line) => line.startsWith('pointWritesTo'))).toHaveLength(1);
  });
});

const isZombie = (pid: string): boolean => {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
};
