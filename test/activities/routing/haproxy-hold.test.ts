import { type Instance } from '../../../workflows/decisions/cluster';
import { openHaproxy, startOneHaproxy, type OneHaproxy } from './one-haproxy';

let one: OneHaproxy;
beforeEach(async () => {
  one = await startOneHaproxy();
});
afterEach(() => one.stop());

const parties = () => {
  const [db1, db2] = one.instances as [Instance, Instance];
  return { db1, db2, control: openHaproxy(one.router, one.instances, { deadlineMs: 2000 }) };
};

test('held: clients that stand are left alone, new ones wait, and the server that takes over serves them', async () => {
  const { control, db1, db2 } = parties();
  const before = await control.read();
  const standing = await one.client('writes');
  expect(standing.greeting).toBe('db1');

  expect((await control.hold(db1)).settings['db1']).toBe(1);
  const waiting = one.client('writes');
  expect((await control.read()).sessions).toMatchObject({ db1: 1, db2: 0 });
  await control.pointWritesTo(db2);
  expect((await waiting).greeting).toBe('db2');
  await standing.closed;

  const after = await control.release(db1, before.settings);
  expect(after.settings).toEqual(before.settings);
  expect(after.writers).toEqual(['db2']);
});

test('released without a move: whoever waited is served by the server that was held', async () => {
  const { control, db1 } = parties();
  const before = await control.read();
  await one.client('writes');
  await control.hold(db1);
  const waiting = one.client('writes');
  await control.release(db1, before.settings);
  expect((await waiting).greeting).toBe('db1');
});

test('twice is the same as once', async () => {
  const { control, db1 } = parties();
  const held = await control.hold(db1);
  expect(await control.hold(db1)).toEqual(held);
});
