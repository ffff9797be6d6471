import { type DataConverter } from '@temporalio/common';
import { type Inventory } from '../../activities/inventory/inventory';
import { encryptingCodec } from './codec';
import { openKeyring } from './keyring';

/**
 * How everything that goes to Temporal is written, for worker, watcher and every command alike; undefined = as it is, in plain text.
 * Throws SECRET_UNAVAILABLE, INVENTORY_INVALID.
 */
export async function dataConverterOf(inventory: () => Promise<Inventory | null>): Promise<DataConverter | undefined> {
  const now = await inventory();
  if (!now?.encryption) return undefined;
  const keyring = await openKeyring(async () => (await inventory()) ?? now);
  return { payloadCodecs: [encryptingCodec(keyring)], failureConverterPath: require.resolve('./failures') };
}
