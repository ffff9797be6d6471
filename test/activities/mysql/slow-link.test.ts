import { resolveSecret } from '../../../activities/inventory/secrets';
import { eventually } from '../../support/wait';
import { db1Of, failure, withOneServer } from './one-server';

const one = withOneServer({ links: true });

/** Ends every call long before a login over this link can be through. */
function impatient(password?: string) {
  let logins = 0;
  const servers = one().connect((reference) => {
    logins += 1;
    return password === undefined ? resolveSecret(reference, one().lab.folder) : Promise.resolve(password);
  });
  const ask = () => db1Of(one(), servers).value('SELECT 1', [], { deadlineMs: 300 });
  return { ask, begun: () => logins, close: () => servers.close() };
}

beforeAll(() => one().lab.faults.link('observer', 'db1', { kind: 'slow', delayMs: 100 }));

test('a login goes on without the caller who gave up, and the next one finds it', async () => {
  const { ask, close } = impatient();
  expect((await failure(ask())).message).toContain('connecting took more than 300 ms');
  await eventually('a caller finds it open', ask);
  await expect(ask()).resolves.toBe(1);
  await close();
});

test('a refusal that comes later than any caller waits is heard all the same', async () => {
  const { ask, close } = impatient('wrong');
  await eventually('it is heard', async () => (await failure(ask())).code === 'AUTHENTICATION_FAILED');
  await close();
});

test('no more than two logins are begun that nobody waits for', async () => {
  await one().lab.faults.link('observer', 'db1', { kind: 'blackhole' });
  const { ask, begun, close } = impatient();
  for (let calls = 0; calls < 6; calls += 1) expect((await failure(ask())).code).toBe('HOST_TIMED_OUT');
  expect(begun()).toBe(2);
  await close();
});
