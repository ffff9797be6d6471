import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { openServers } from '../../../activities/mysql/servers';
import { precheckUpgrade, type PrecheckOrder } from '../../../activities/upgrades/precheck';
import { type SecretReference } from '../../../workflows/decisions/cluster';
import { withLab } from '../../support/lab';
import { eventually } from '../../support/wait';

const lab = withLab({ replicas: 1, router: 'none', durability: 'async' });

async function precheck(change: Partial<PrecheckOrder> = {}) {
  const [cluster] = (await loadInventory(lab().inventoryPath)).clusters;
  const secret = (reference: SecretReference) => resolveSecret(reference, lab().folder);
  const servers = openServers({ secrets: secret });
  try {
    return await precheckUpgrade({ servers, secret }, cluster!, { to: '9.7', deep: false, inOneStep: null, ...change });
  } finally {
    await servers.close();
  }
}

test('settings of every member, schemas of a replica that follows, so that the primary is spared', async () => {
  const { servers, readOn, path } = await precheck();
  expect(servers.map(({ name }) => name)).toEqual(['db1', 'db2']);
  expect(readOn).toBe('db2');
  expect(path.through).toEqual(['9.7']);
  expect((await precheck({ on: 'db1' })).readOn).toBe('db1');
});

test('a fleet of the newest release has nothing before it, once our account sees all', async () => {
  const blind = (await precheck()).findings.find(({ where }) => where.startsWith('account '));
  for (const line of blind?.cure.filter((one) => !one.startsWith('--')) ?? [])
    await lab().rows('db1', line.replace(/;$/, ''));
  const seen = await eventually('db2 has the grant', async () => {
    const { findings } = await precheck({ deep: true });
    return !findings.some(({ where }) => where.startsWith('account ')) && findings;
  });
  expect(seen.map(({ check, where }) => `${check}: ${where}`)).toEqual(['check-table: tables on db2']);
  expect((await precheck({ deep: true, on: 'db1' })).findings).toEqual([]);
});

test('there is no way to an older release, and the sentence says what to do', async () => {
  await expect(precheck({ to: '8.4' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringMatching(/takes over the data of a newer series: 8\.4 is older/) as unknown,
  });
});
