import { connect } from 'node:net';
import { Client, Connection, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { RunbookError } from '../activities/errors';
import { type Inventory } from '../activities/inventory/inventory';
import { systemCode } from '../activities/inventory/system-code';
import { readAddress } from '../activities/inventory/words';
import { dataConverterOf } from '../workers/encryption/data-converter';
import { notLetIn } from '../workers/temporal-door';
import { type Context } from './context';

/** An open connection to the Temporal service, and where its Web UI is. */
export interface Door {
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  readonly webUi: string | null;
}

const CONNECT_TIMEOUT = '4s';
const DEFAULT_ADDRESS = '127.0.0.1:7233';

/**
 * Runs `work` with a connection and closes it. The address is Temporal's own setting (TEMPORAL_ADDRESS, or a profile of its
 * configuration file), else the inventory's, else this machine's. Throws HOST_UNREACHABLE.
 */
export async function withTemporal<Result>(context: Context, work: (door: Door) => Promise<Result>): Promise<Result> {
  const { connectionOptions, namespace, address, webUi } = await settingsOf(context);
  await refuseIfAbsent(address);
  const connection = await Connection.connect({ ...connectionOptions, address, connectTimeout: CONNECT_TIMEOUT }).catch(
    (cause: unknown) => {
      throw notLetIn(address, cause);
    },
  );
  try {
    const dataConverter = await dataConverterOf(() => context.inventoryIfAny());
    const client = new Client({ connection, namespace, ...(dataConverter && { dataConverter }) });
    return await work({ client, address, namespace, webUi });
  } catch (error) {
    throw isGrpcServiceError(error) || error instanceof ServiceError ? serviceError(error, address, namespace) : error;
  } finally {
    await connection.close();
  }
}

/** Where Temporal is and how to log in there. */
export async function settingsOf(context: Context) {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const temporal: Inventory['temporal'] = (await context.inventoryIfAny())?.temporal ?? {};
  const address = connectionOptions.address ?? temporal.address ?? DEFAULT_ADDRESS;
  // The inventory's Web UI belongs to the inventory's Temporal; another one, named by the environment, has its own.
  const own = address === temporal.address ? temporal.webUi : undefined;
  return {
    connectionOptions,
    address,
    namespace: namespace ?? temporal.namespace ?? 'default',
    webUi: process.env['TEMPORAL_UI_URL'] ?? own ?? guessWebUi(address),
  };
}

/** The development server shows its Web UI a thousand ports above; Temporal Cloud has one for all. Otherwise it must be told. */
export function guessWebUi(address: string): string | null {
  if (/\.tmprl\.cloud:\d+$|\.temporal\.io:\d+$/.test(address)) return 'https://cloud.temporal.io';
  const local = /^(127\.0\.0\.1|localhost|\[::1\]):(\d+)$/.exec(address);
  return local?.[1] === undefined ? null : `http://${local[1]}:${Number(local[2]) + 1000}`;
}

/** Throws HOST_UNREACHABLE when nothing listens there. */
export async function refuseIfAbsent(address: string): Promise<void> {
  if (await isRefused(address)) throw unreachable(address);
}

/** Nothing listens there: known at once, while the client would go on trying until its timeout. */
function isRefused(address: string): Promise<boolean> {
  const at = readAddress(address);
  if (!at) return Promise.resolve(false);
  return new Promise((done) => {
    const socket = connect({ ...at, timeout: 1_000 });
    const end = (refused: boolean) => {
      socket.destroy();
      done(refused);
    };
    socket.once('connect', () => end(false));
    socket.once('timeout', () => end(false));
    socket.once('error', (error) => end(systemCode(error) === 'ECONNREFUSED'));
  });
}

const unreachable = (address: string) =>
  new RunbookError({
    code: 'HOST_UNREACHABLE',
    message: `Temporal does not answer at ${address}`,
    hint: 'Start one for this machine with `runbook lab up`, or say where yours is: TEMPORAL_ADDRESS=host:port.',
  });

function serviceError(error: Error, address: string, namespace: string): RunbookError {
  const details = 'details' in error && typeof error.details === 'string' ? error.details : error.message;
  return /namespace .*not found/i.test(details)
    ? new RunbookError({
        code: 'INVALID_INPUT',
        message: `Temporal at ${address} has no namespace ${namespace}`,
        hint: 'Set TEMPORAL_NAMESPACE, or temporal.namespace in the inventory.',
        cause: error,
      })
    : new RunbookError({
        code: 'CONNECTION_LOST',
        message: `Temporal at ${address} refused or broke off: ${details}`,
        hint: 'Runs go on without this command; look again with `runbook status`.',
        cause: error,
      });
}

/** The page of one run in the Web UI; null where no Web UI is known. */
export const runLink = ({ webUi, namespace }: Door, workflowId: string, runId: string): string | null =>
  webUi === null
    ? null
    : `${webUi}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;

/** The Web UI's start form, filled in but for the input: the form has no parameter for it, so the JSON is printed beside the link. */
export function startLink({ webUi, namespace }: Door, form: StartForm): string | null {
  const fields = new URLSearchParams({
    taskQueue: form.taskQueue,
    workflowType: form.type,
    workflowId: form.workflowId,
  });
  return webUi === null ? null : `${webUi}/namespaces/${namespace}/workflows/start-workflow?${fields.toString()}`;
}

export interface StartForm {
  readonly type: string;
  readonly taskQueue: string;
  readonly workflowId: string;
}
