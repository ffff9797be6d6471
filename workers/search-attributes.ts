import { type NativeConnection } from '@temporalio/worker';
import { RunbookError } from '../activities/errors';

const KEYWORD = 2;
const BOOL = 5;

/** What runs are found by in the Web UI. Numbers are Temporal's IndexedValueType. */
const WANTED: Readonly<Record<string, number>> = {
  MysqlCluster: KEYWORD,
  RunbookKind: KEYWORD,
  RunbookPhase: KEYWORD,
  RunbookOutcome: KEYWORD,
  AwaitingApproval: BOOL,
};

/** A run that sets an unregistered attribute would hang for ever, so a worker registers them or does not start. */
export async function ensureSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.keys(WANTED).filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, WANTED[name] ?? KEYWORD])),
    });
  } catch (cause) {
    const commands = missing.map(
      (name) =>
        `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${WANTED[name] === BOOL ? 'Bool' : 'Keyword'}`,
    );
    throw new RunbookError({
      code: 'INVALID_INPUT',
      message: `the Temporal namespace ${namespace} lacks the search attributes ${missing.join(', ')}, and this worker may not add them`,
      hint: `Run: ${commands.join(' && ')}`,
      cause,
    });
  }
}
