import { type Command } from 'commander';
import { type KnownBackup, rowsOf, sizeOf, type Verification } from '../../workflows/decisions/backups/manifest';
import { bytes } from '../../workflows/decisions/progress';
import { type Catalogue } from '../../activities/backups/catalogue';
import { type Context, contextOf } from '../context';
import { writeDrawing } from '../drawing-file';
import { columns } from './list';

export function registerBackups(program: Command): void {
  program
    .command('backups <cluster>')
    .description('what its store has, the newest last, and which of it is proven; asks the store, not Temporal')
    .option('--svg <file>', 'also draw how long every verified restore took')
    .action(async (name: string, options: { svg?: string }, command: Command) => {
      const context = contextOf(command);
      const { catalogue, verifications } = await read(context, name, options.svg !== undefined);
      if (options.svg !== undefined) {
        const { drawVerifications } = await import('../verifications-picture.js');
        await writeDrawing(context, options.svg, drawVerifications(name, verifications));
      }
      context.answer(table(name, catalogue, Date.now()), catalogue.backups.map(shown));
    });
}

async function read(
  context: Context,
  name: string,
  withHistory: boolean,
): Promise<{ readonly catalogue: Catalogue; readonly verifications: readonly Verification[] }> {
  const { inventory, cluster } = await context.cluster(name);
  const [{ readCatalogue, readVerifications }, { placesOf }, { resolveSecret }] = await Promise.all([
    import('../../activities/backups/catalogue.js'),
    import('../../activities/backups/places.js'),
    import('../../activities/inventory/secrets.js'),
  ]);
  const { store } = await placesOf({ secret: (reference) => resolveSecret(reference, inventory.folder) }, cluster);
  return {
    catalogue: await readCatalogue(store, cluster.name),
    verifications: withHistory ? await readVerifications(store, cluster.name) : [],
  };
}

const shown = ({ manifest, verified }: KnownBackup) => ({
  ...{
    id: manifest.id,
    kind: manifest.kind,
    base: manifest.base,
    source: manifest.source,
    startedAt: manifest.startedAt,
  },
  ...{
    endedAt: manifest.endedAt,
    bytes: sizeOf(manifest),
    rows: rowsOf(manifest),
    gtidExecuted: manifest.gtidExecuted,
  },
  ...{ serverVersion: manifest.serverVersion, encrypted: manifest.sealed.keyId !== null },
  verified: verified && {
    ...{ verdict: verified.verdict, at: verified.at, restoreMs: verified.restoreMs, because: verified.because },
  },
});

function table(name: string, { backups, unfinished }: Catalogue, nowMs: number): string {
  const half = unfinished.length > 0 ? `\nbegun, without a manifest: ${unfinished.join(', ')}` : '';
  if (backups.length === 0) return `No backups of ${name}. Take one: runbook start backUp --cluster ${name}${half}`;
  const rows = backups.map(({ manifest, verified }) => [
    manifest.id,
    age(nowMs - Date.parse(manifest.endedAt)),
    manifest.base === null ? manifest.kind : `on ${manifest.base}`,
    bytes(sizeOf(manifest)),
    String(rowsOf(manifest) ?? ''),
    manifest.sealed.keyId === null ? 'no' : 'yes',
    verified === null ? 'never verified' : `${verified.verdict} ${age(nowMs - Date.parse(verified.at))} ago`,
    verified?.restoreMs ? `${(verified.restoreMs / 1000).toFixed(1)} s` : '',
  ]);
  return columns([['id', 'age', 'kind', 'size', 'rows', 'encrypted', 'verified', 'restored in'], ...rows]) + half;
}

function age(ms: number): string {
  const hours = ms / 3_600_000;
  if (hours < 1) return `${Math.max(0, Math.round(hours * 60))} min`;
  return hours < 48 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} days`;
}
