import { guessWebUi, runLink, startLink } from '../../cli/temporal';
import { type Door } from '../../cli/temporal';

const door = { namespace: 'default', webUi: 'http://127.0.0.1:8233' } as Door;

test.each([
  ['127.0.0.1:7233', 'http://127.0.0.1:8233'],
  ['localhost:17733', 'http://localhost:18733'],
  ['databases.a1b2c.tmprl.cloud:7233', 'https://cloud.temporal.io'],
  ['temporal.corp:7233', null],
])('the Web UI of %s is %s', (address, webUi) => {
  expect(guessWebUi(address)).toBe(webUi);
});

test('a run and the filled-in start form have links; ids with slashes survive', () => {
  expect(runLink(door, 'cluster/orders/change', 'r1')).toBe(
    'http://127.0.0.1:8233/namespaces/default/workflows/cluster%2Forders%2Fchange/r1/history',
  );
  expect(startLink(door, { type: 'emergencyFailover', taskQueue: 'q', workflowId: 'cluster/orders/change' })).toBe(
    'http://127.0.0.1:8233/namespaces/default/workflows/start-workflow?taskQueue=q&workflowType=emergencyFailover&workflowId=cluster%2Forders%2Fchange',
  );
  expect(runLink({ ...door, webUi: null }, 'x', 'r1')).toBeNull();
});
