import { type SecretReference } from '../workflows/decisions/cluster';
import { type Router } from '../workflows/decisions/router';
import { RunbookError } from '../activities/errors';
import { type Inventory } from '../activities/inventory/inventory';
import { secretsOfGateway } from '../activities/inventory/gateway';
import { type Notification } from '../activities/inventory/notification-schema';
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

const referencesOf = ({ clusters, notifications, slack, gateway, encryption }: Inventory): SecretReference[] => [
  ...(encryption?.keys ?? []).map(({ key }) => key),
  ...(encryption?.codecServer.token ? [encryption.codecServer.token] : []),
  ...clusters.flatMap(({ accounts: { admin, replication, backup } }) =>
    [admin, replication, ...(backup ? [backup] : [])].map(({ password }) => password),
  ),
  ...clusters.flatMap(({ routers }) => routers.flatMap(secretsOf)),
  ...notifications.flatMap(secretsOfNotification),
  ...[slack?.token, slack?.signingSecret, slack?.appToken].filter((reference) => reference !== undefined),
  ...(gateway ? secretsOfGateway(gateway) : []),
];

function secretsOf(router: Router): SecretReference[] {
  switch (router.kind) {
    case 'haproxy':
      return [];
    case 'proxysql':
      return [router.account.password];
    case 'mysqlrouter':
      return [router.restApi.account.password];
    case 'dns':
      return [router.key.secret];
    case 'command':
      return Object.values(router.secrets);
  }
}

function secretsOfNotification(notification: Notification): SecretReference[] {
  switch (notification.kind) {
    case 'command':
      return [];
    case 'webhook':
      return [notification.url, ...(notification.secret ? [notification.secret] : [])];
    case 'email':
      return notification.account ? [notification.account.password] : [];
    case 'pagerduty':
      return [notification.routingKey];
  }
}

async function failureOf(reference: SecretReference, folder: string): Promise<string> {
  try {
    await resolveSecret(reference, folder);
    return '';
  } catch (error) {
    if (error instanceof RunbookError) return `${error.message}. ${error.hint}`;
    throw error;
  }
}
