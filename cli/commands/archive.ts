import { type Command } from 'commander';
import { type Change } from '../../activities/archive/binlog/changes';
import { type Shelf } from '../../activities/archive/shelf';
import { type Context, contextOf } from '../context';
import { EXIT, invalidInput } from '../exit';
import { requireRole } from '../may';
import { columns } from './list';

export function registerArchive(program: Command): void {
  const archive = program
    .command('archive')
    .description('keep the binary logs of a cluster in a store, whatever becomes of its servers; find damage in them');
  archive
    .command('start <cluster>')
    .description('archive from now on; a second start changes nothing')
    .action(async (name: string, _options: object, command: Command) => {
      const context = contextOf(command);
      await requireRole(context, 'operator');
      await refuseWithoutPolicy(context, name);
      const [{ withTemporal }, { startArchive }] = await load();
      await withTemporal(context, async (door) => {
        const started = await startArchive(door, name, context.by);
        const ui = started.webUi === null ? '' : `\n  Web UI    ${started.webUi}`;
        context.answer(`The binary logs of ${name} are archived.${ui}`, started);
      });
    });
  archive
    .command('stop <cluster>')
    .description('archive no more; what is archived stays')
    .action(async (name: string, _options: object, command: Command) => {
      const context = contextOf(command);
      await requireRole(context, 'operator');
      const [{ withTemporal }, { stopArchive }] = await load();
      await withTemporal(context, async (door) => {
        const stopped = await stopArchive(door, name);
        if (stopped === 'was not archived') await refuseUnknown(context, name);
        context.answer(STOP_WORDS[stopped].replaceAll('CLUSTER', name), { cluster: name, stopped });
        if (stopped === 'asked') process.exitCode = EXIT.failed;
      });
    });
  archive
    .command('status <cluster>')
    .description('is it archived, from whom, how far, and what is missing (exit code 1 when it is not whole)')
    .action(async (name: string, _options: object, command: Command) => {
      const context = contextOf(command);
      const [{ withTemporal }, { archiveStatus, archiveWords }] = await load();
      await withTemporal(context, async (door) => {
        const status = await archiveStatus(door, name);
        if (!status.archived) await refuseUnknown(context, name);
        context.answer(archiveWords(status), status);
        if (status.details === null || status.details.troubles.length > 0) process.exitCode = EXIT.failed;
      });
    });
  archive
    .command('find <cluster>')
    .description('what was done to a table, with time and GTID; reads the store, not the servers')
    .requiredOption('--table <schema.table>', 'the table, or schema.* for all of a schema')
    .option('--kind <kinds>', 'drop, delete, update, insert, truncate, ddl; several with commas (default: all)')
    .option('--from <time>', 'ISO 8601 with its zone (default: the day before)')
    .option('--to <time>', 'ISO 8601 with its zone (default: now)')
    .action(async (name: string, options: FindOptions, command: Command) => {
      const context = contextOf(command);
      const { found, searched } = await find(context, name, options);
      context.answer(`${table(found)}\n${searched}${nextStep(name, found)}`, found);
    });
}

interface FindOptions {
  readonly table: string;
  readonly kind?: string;
  readonly from?: string;
  readonly to?: string;
}

const load = () => Promise.all([import('../temporal.js'), import('../archiving.js')]);

/** One that the inventory no longer names can still be seen and stopped. */
async function refuseUnknown(context: Context, name: string): Promise<void> {
  if (await context.inventoryIfAny()) await context.cluster(name);
}

async function refuseWithoutPolicy(context: Context, name: string): Promise<void> {
  if (!(await context.inventoryIfAny())) return;
  const { archiveOf } = await import('../../activities/archive/policy.js');
  archiveOf((await context.cluster(name)).cluster);
}

const STOP_WORDS = {
  stopped: 'The binary logs of CLUSTER are no longer archived.',
  'was not archived': 'CLUSTER was not archived.',
  asked: 'CLUSTER: the archive was asked to stop, and no worker has confirmed it yet: runbook archive status CLUSTER',
};

const KINDS: readonly Change['kind'][] = ['drop', 'delete', 'update', 'insert', 'truncate', 'ddl'];
const DAY_MS = 86_400_000;

/** `searched`: a sentence. */
async function find(
  context: Context,
  name: string,
  options: FindOptions,
): Promise<{ readonly found: Change[]; readonly searched: string }> {
  const [schema = '', table = ''] = options.table.split('.');
  if (schema === '' || table === '')
    throw invalidInput(
      `"${options.table}" does not name a table`,
      'For example --table shop.orders, or shop.* for all.',
    );
  const wanted = {
    schema,
    table: table === '*' ? null : table,
    kinds: readKinds(options.kind),
    fromMs: readTime('from', options.from, Date.now() - DAY_MS),
    toMs: readTime('to', options.to, Date.now()),
  };
  if (wanted.fromMs > wanted.toMs)
    throw invalidInput('--from lies behind --to', 'Give both, the earlier one as --from.');
  const shelf = await shelfOf(context, name);
  const { inOrder } = await import('../../workflows/decisions/archive/coverage.js');
  const { findChanges } = await import('../../activities/archive/find.js');
  const { files } = await shelf.coverage();
  const found: Change[] = [];
  for await (const change of findChanges(shelf, inOrder(files), wanted)) found.push(change);
  const newest = files.map(({ lastAt }) => lastAt).reduce((one, other) => (one > other ? one : other), '');
  const period = `${utc(wanted.fromMs)} to ${utc(wanted.toMs)}`;
  const ends = newest === '' ? 'The store has no binary log yet.' : `The store reaches to ${utc(Date.parse(newest))}.`;
  return { found, searched: `Searched ${period} (UTC). ${ends}` };
}

const utc = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** The newest that took something away is most often what a person looks for. */
function nextStep(cluster: string, found: readonly Change[]): string {
  const lossy = found.findLast(({ kind }) => kind === 'drop' || kind === 'truncate' || kind === 'delete');
  if (!lossy) return '';
  const { gtid, schema, table: name } = lossy;
  const tables = name === null ? '' : `, "tables": ["${schema}.${name}"], "into": "cluster"`;
  return `\nAs it was just before the last ${lossy.kind}: runbook plan restoreToPoint --cluster ${cluster} --input '{"before": "${gtid}"${tables}}'`;
}

async function shelfOf(context: Context, name: string): Promise<Shelf> {
  const { inventory, cluster } = await context.cluster(name);
  const [{ openShelf }, { resolveSecret }] = await Promise.all([
    import('../../activities/archive/shelf.js'),
    import('../../activities/inventory/secrets.js'),
  ]);
  return openShelf({ secret: (reference) => resolveSecret(reference, inventory.folder) }, cluster);
}

function readKinds(written: string | undefined): Change['kind'][] {
  return (written ?? '').split(',').flatMap((word): Change['kind'][] => {
    const kind = KINDS.find((one) => one === word.trim());
    if (kind) return [kind];
    if (word.trim() === '') return [];
    throw invalidInput(`there is no kind "${word.trim()}"`, `Kinds: ${KINDS.join(', ')}.`);
  });
}

function readTime(option: string, written: string | undefined, otherwise: number): number {
  if (written === undefined) return otherwise;
  const ms = Date.parse(written);
  if (!Number.isNaN(ms) && /(Z|[+-]\d\d:?\d\d)$/.test(written)) return ms;
  throw invalidInput(
    `--${option} "${written}" is no time with its zone`,
    `For example --${option} 2026-11-22T03:00:00+01:00.`,
  );
}

function table(found: readonly Change[]): string {
  if (found.length === 0) return 'The archive has nothing of the kind in that time.';
  const rows = found.map(({ at, kind, schema, table: name, rows: count, gtid, text }) => [
    at.replace('T', ' ').replace('Z', ''),
    kind,
    `${schema}.${name ?? '*'}`,
    count === null ? '' : String(count),
    gtid,
    (text ?? '').replaceAll(/\s+/g, ' ').slice(0, 80),
  ]);
  return columns([['committed (UTC)', 'kind', 'table', 'rows', 'GTID', 'statement'], ...rows]);
}
