import { readLeavers } from '../../activities/routing/haproxy/leavers';

const session = (server: string, request: string, side: string) =>
  `0x5555: proto=tcpv4 src=127.0.0.1:1 fe=in be=w srv=${server} ts=00 rq[f=${request}h,i=0,an=00h] rp[f=80048202h,i=0] scf=[8,0h,fd=8] scb=[8,${side}h,fd=9] exp=`;

test('up to 2.7 the flags of the channel tell that nothing more goes to the server', () => {
  const sessions = [session('db1', '84a020', '1'), session('db1', '848202', '20001'), session('db2', '848202', '1')];
  expect([...readLeavers('Name: HAProxy\nVersion: 2.6.12-1', sessions)]).toEqual([['w/db1', 1]]);
});

test("later the flags of the server's side", () => {
  const sessions = [session('db1', '84a020', '1'), session('db1', '0', '20801'), session('db1', '0', '801')];
  expect([...readLeavers('Name: HAProxy\nVersion: 3.0.5', sessions)]).toEqual([['w/db1', 1]]);
});

test('without a version nobody is taken for a leaver', () => {
  expect(readLeavers('', [session('db1', '84a020', '20001')]).size).toBe(0);
});
