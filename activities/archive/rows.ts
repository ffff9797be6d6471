import { type Scratch } from '../backups/scratch/scratch';
import { type Deps } from '../deps';
import { RunbookError } from '../errors';
import { doorOf, doorOfScratch, dumped, full, mustExist, say, type TableName } from './table-programs';
import { type IntoCluster, type Replaced, rowsOnly } from './tables';

/**
 * Rows of the restored server into the tables of the cluster: those whose key is not there now are inserted, those that are there stay as they
 * are. Twice is the same as once. Throws INVALID_INPUT for a table without a key, TOOL_MISSING, TOOL_FAILED with what the server says.
 */
export async function rowsIntoCluster(
  deps: Deps,
  { cluster, primary }: IntoCluster,
  scratch: Scratch,
  tables: readonly TableName[],
  where: string,
): Promise<Replaced[]> {
  const [from, to] = [doorOfScratch(scratch), doorOf(deps, cluster, primary)];
  for (const name of tables) {
    await mustExist(from, name);
    await mustHaveKey(scratch, name);
    const what = [...rowsOnly(where), '--insert-ignore'];
    await from.open((source) => to.open((options) => say(options, dumped(source, name, what), name.schema)));
    deps.checkpoint('restore:loaded');
  }
  return tables.map((name) => ({ table: full(name), kept: null }));
}

/** Without one every row would be inserted, there or not. */
async function mustHaveKey(scratch: Scratch, { schema, table }: TableName): Promise<void> {
  const key = await scratch.mysql.value(
    "SELECT 1 FROM information_schema.table_constraints WHERE table_schema = ? AND table_name = ? AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') LIMIT 1",
    [schema, table],
  );
  if (key !== undefined) return;
  throw new RunbookError({
    code: 'INVALID_INPUT',
    message: `${schema}.${table} has no key by which its rows could be told apart`,
    hint: 'Take them as a file and look at it: {"into": "file"}.',
  });
}
