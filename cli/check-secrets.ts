import { type SecretReference } from '../workflows/decisions/cluster';
import { RunbookError } from '../activities/errors';
import { type Inventory } from '../activities/inventory/inventory';
import { exposureOf, resolveSecret } from '../activities/inventory/secrets';

export interface SecretsCheck {
  /** Files that others may read. */
  readonly warnings: readonly string[];
  /** Secrets that cannot be had here, with the cure. */
  readonly failures: readonly string[];
}

/** Looks at every reference once, however many clusters share it. Prints and keeps no value. */
export async function checkSecrets(inventory: Inventory, withValues: boolean): Promise<SecretsCheck> {
  const references = [
    ...new Map(referencesOf(inventory).map((reference) => [JSON.stringify(reference), reference])).values(),
  ];
  const warnings = await Promise.all(references.map((reference) => exposureOf(reference, inventory.folder)));
  const failures = withValues
    ? await Promise.all(references.map((reference) => failureOf(reference, inventory.folder)))
    : [];
  return { warnings: warnings.filter((line) => line !== ''), failures: failures.filter((line) => line !== '') };
}

const referencesOf = ({ clusters, notifications }: Inventory): SecretReference[] => [
  ...clusters.flatMap(({ accounts, routers }) => [
    accounts.admin.password,
    accounts.replication.password,
    ...routers.flatMap((router) => (router.kind === 'dns' ? [router.key.secret] : [])),
  ]),
  ...notifications.flatMap((notification) => (notification.kind === 'webhook' ? [notification.url] : [])),
];

async function failureOf(reference: SecretReference, folder: string): Promise<string> {
  try {
    await resolveSecret(reference, folder);
    return '';
  } catch (error) {
    if (error instanceof RunbookError) return `${error.message}. ${error.hint}`;
    throw error;
  }
}
