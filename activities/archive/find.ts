import { type ArchivedFile } from '../../workflows/decisions/archive/coverage';
import { type Change, changesIn } from './binlog/changes';
import { type Shelf } from './shelf';

export interface Wanted {
  readonly schema: string;
  /** Null: any table of the schema. */
  readonly table: string | null;
  /** Empty: every kind. */
  readonly kinds: readonly Change['kind'][];
  /** Milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * What was done to a table, as the archive has it, in the order of its files. Files whose transactions all lie outside the time are not
 * opened. Throws what the store throws, BACKUP_DAMAGED.
 */
export async function* findChanges(
  shelf: Shelf,
  files: readonly ArchivedFile[],
  wanted: Wanted,
): AsyncGenerator<Change> {
  for (const file of files) {
    if (Date.parse(file.lastAt) < wanted.fromMs || Date.parse(file.firstAt) > wanted.toMs) continue;
    for await (const change of changesIn(await shelf.open(file))) if (isWanted(change, wanted)) yield change;
  }
}

function isWanted(change: Change, { schema, table, kinds, fromMs, toMs }: Wanted): boolean {
  const at = Date.parse(change.at);
  return (
    change.schema.toLowerCase() === schema.toLowerCase() &&
    // A whole schema's DROP took the table with it.
    (table === null || change.table === null || change.table.toLowerCase() === table.toLowerCase()) &&
    (kinds.length === 0 || kinds.includes(change.kind)) &&
    at >= fromMs &&
    at <= toMs
  );
}
