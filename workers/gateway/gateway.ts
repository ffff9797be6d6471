import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import pino from 'pino';
import { openAuditLog } from '../../activities/audit/log';
import { RunbookError } from '../../activities/errors';
import { type Gateway, secretsOfGateway } from '../../activities/inventory/gateway';
import { openInventory } from '../../activities/inventory/open';
import { forgetSecrets, resolveSecret } from '../../activities/inventory/secrets';
import { systemCode } from '../../activities/inventory/system-code';
import { auditDoor } from '../audit';
import { dataConverterOf } from '../encryption/data-converter';
import { buildGateway } from './app';
import { secretOf } from './authenticate';

export interface GatewaySettings {
  readonly inventoryPath: string;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly connection?: ConnectionOptions };
  readonly onReady: (address: string) => void;
}

/**
 * Serve alerts and votes until SIGINT or SIGTERM; requests that are under way then get their answer. Temporal may be away: alerts are
 * answered with 503 until it is back. Throws INVENTORY_INVALID, INVALID_INPUT (nothing to serve), SECRET_UNAVAILABLE.
 */
export async function runGateway({ inventoryPath, temporal, onReady }: GatewaySettings): Promise<void> {
  const log = pino({
    level: process.env.RUNBOOK_LOG_LEVEL ?? 'info',
    base: null,
    serializers: { error: (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : error) },
  });
  const book = await openInventory(inventoryPath);
  const inventory = async () => (await book.current()).inventory;
  const { gateway, slack, folder, audit } = await inventory();
  const signingSecret = slack?.signingSecret;
  if (!gateway || (gateway.sources.length + gateway.callers.length === 0 && !signingSecret)) {
    throw new RunbookError({
      code: 'INVALID_INPUT',
      message: `the inventory ${inventoryPath} has no gateway with a source of alerts, a caller or Slack's buttons, so there is nothing to serve`,
      hint: 'Add gateway with its sources, as docs/gateway.md shows; for the buttons alone `gateway: {}` and slack.signingSecret.',
    });
  }
  const secrets = {
    resolve: (reference: Parameters<typeof resolveSecret>[0]) => resolveSecret(reference, folder),
    forget: forgetSecrets,
  };
  // A door whose lock cannot be read must not open.
  const locks = [...secretsOfGateway(gateway), ...(signingSecret ? [signingSecret] : [])];
  for (const reference of locks) await secretOf(secrets, reference);

  const auditLog = audit && openAuditLog(audit, (words) => log.error(words));
  const dataConverter = await dataConverterOf(inventory);
  const connection = Connection.lazy({ ...temporal.connection, address: temporal.address });
  const app = await buildGateway({
    inventory,
    secrets,
    client: new Client({ connection, namespace: temporal.namespace, ...(dataConverter && { dataConverter }) }),
    log,
    ...(auditLog && { audit: auditDoor(auditLog) }),
    now: Date.now,
    ...(gateway.tls ? { tls: await filesOf(gateway.tls) } : {}),
  });
  try {
    onReady(await app.listen({ host: gateway.listen.host, port: gateway.listen.port }));
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  } finally {
    await app.close();
    await auditLog?.close();
    await connection.close();
  }
}

async function filesOf({ certificate, key, clientCa }: NonNullable<Gateway['tls']>) {
  const read = (file: string) =>
    readFile(file).catch((cause: unknown) => {
      throw new RunbookError({
        code: 'SECRET_UNAVAILABLE',
        message: `the TLS file ${file} of the gateway cannot be read (${systemCode(cause)})`,
        hint: 'Create it, or let the user of this process read it.',
      });
    });
  const [cert, private_, ca] = await Promise.all([
    read(certificate),
    read(key),
    clientCa === undefined ? undefined : read(clientCa),
  ]);
  return { cert, key: private_, ...(ca ? { ca } : {}) };
}
