import { type Lab } from '../../../lab';
import { eventually, replicaState } from '../../support/wait';

/** Servers get other addresses than the one that the lab's certificates name: replicas must not compare them. */
export async function withoutComparingNames(lab: Lab): Promise<void> {
  for (const { name } of lab.servers.slice(1)) {
    for (const sql of [
      'STOP REPLICA',
      'CHANGE REPLICATION SOURCE TO SOURCE_SSL_VERIFY_SERVER_CERT = 0',
      'START REPLICA',
    ])
      await lab.rows(name, sql);
    await eventually(`${name} replicates`, async () => {
      const state = await replicaState(lab, name);
      return state?.receiver === 'Yes' && state.applier === 'Yes';
    });
  }
  await eventually('both replicas acknowledge', async () => {
    const states = await lab.rows('db1', "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_%'");
    const value = (what: string) =>
      states.find(({ Variable_name: name }) => name === `Rpl_semi_sync_source_${what}`)?.['Value'];
    return value('clients') === '2' && value('status') === 'ON';
  });
}
