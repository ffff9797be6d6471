import { type SecretReference } from '../../../workflows/decisions/cluster';
import { type StorePlace } from '../../../workflows/decisions/backups/policy';
import { folderStore } from './folder';
import { s3Store } from './s3';
import { type Store } from './store';

/** The store of a cluster. Throws SECRET_UNAVAILABLE for credentials that cannot be had. */
export const openStore = async (
  place: StorePlace,
  secret: (reference: SecretReference) => Promise<string>,
): Promise<Store> => (place.kind === 'folder' ? folderStore(place.path) : s3Store(place, secret));
