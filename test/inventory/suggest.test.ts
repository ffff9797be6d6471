import { didYouMean, nearest } from '../../activities/inventory/suggest';

test.each([
  ['ordres', ['orders', 'users'], 'orders'],
  ['Orders', ['orders', 'users'], 'orders'],
  ['emergencyfailover', ['emergencyFailover', 'watchCluster'], 'emergencyFailover'],
  ['emergency-failover', ['emergencyFailover', 'watchCluster'], 'emergencyFailover'],
  ['delay_second', ['delaySeconds', 'datacentre'], 'delaySeconds'],
  ['colour', ['name', 'host', 'port'], undefined],
  ['x', [], undefined],
] as const)('%s among %j: %s', (written, known, expected) => {
  expect(nearest(written, known)).toBe(expected);
});

test('the words are a ready bracket, or nothing', () => {
  expect(didYouMean('ordres', ['orders'])).toBe(' (did you mean "orders"?)');
  expect(didYouMean('billing', ['orders'])).toBe('');
});
