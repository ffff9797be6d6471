import { type Cluster, instanceNamed } from '../cluster';
import { type Refusal } from '../refusal';
import { type KnownBackup } from './manifest';

/** What stands against a physical copy of that server. */
export function refusePhysical(cluster: Cluster, source: string, isPrimary: boolean, incremental: boolean): Refusal[] {
  const physical = cluster.backups?.physical;
  const refusals: Refusal[] = [];
  if (!physical)
    refusals.push({
      sentence: `the inventory does not say how a data folder of ${cluster.name} is copied`,
      cure: `write clusters.${cluster.name}.backups.physical: { tool: clone, folder: /var/lib/mysql-clone }`,
    });
  refusals.push(...refuseHost(cluster, source));
  if (isPrimary && physical?.tool === 'clone')
    refusals.push({
      sentence: `${source} takes the writes, which would wait while the copy comes to its end`,
      cure: 'name a replica with {"from": "…"}, or take a logical backup',
    });
  if (incremental && physical?.tool === 'clone')
    refusals.push({
      sentence: 'CLONE copies everything each time',
      cure: 'leave "incremental" out, or let XtraBackup copy: backups.physical.tool in the inventory',
    });
  return refusals;
}

/** Files are copied by programs on the host of their server. */
export function refuseHost(cluster: Cluster, name: string): Refusal[] {
  const control = instanceNamed(cluster, name)?.control;
  if (control !== undefined && control.kind !== 'command') return [];
  return [
    {
      sentence: `no program can be run on the host of ${name}`,
      cure: `give ${name} a control of kind local, systemd or ssh in the inventory, or copy logically`,
    },
  ];
}

/** Of a CLONE that goes on, in bytes and bytes a second. */
export interface CopyingFiles {
  readonly isDone: boolean;
  readonly left: number;
  readonly rate: number;
}

/** So much is copied before anybody notices. */
const SOON = { seconds: 2, bytes: 64 * 1_048_576 };

/** The files are copied, or nearly: from here on the server that is copied has to stand still, so that it is known what is in the copy. */
export const isNearItsEnd = ({ isDone, left, rate }: CopyingFiles): boolean =>
  isDone || left <= Math.max(SOON.bytes, SOON.seconds * rate);

/**
 * The backup on which an incremental one of that server is put: the newest of XtraBackup that came from the same server, whose own bases are all there, and
 * that no verification has failed. null = there is none.
 */
export function chooseBase(backups: readonly KnownBackup[], sourceUuid: string): KnownBackup | null {
  const sound = backups.filter(
    ({ manifest, verified }) =>
      manifest.lsn !== undefined &&
      manifest.sourceUuid === sourceUuid &&
      chainOf(backups, manifest.id)?.every((one) => one.verified?.verdict !== 'failed') === true &&
      verified?.verdict !== 'failed',
  );
  return sound.reduce<KnownBackup | null>(
    (newest, one) => (newest === null || one.manifest.id > newest.manifest.id ? one : newest),
    null,
  );
}

/** A backup behind all that it needs, the full one first; null = one of them is not there. */
export function chainOf(backups: readonly KnownBackup[], id: string): KnownBackup[] | null {
  const last = backups.find(({ manifest }) => manifest.id === id);
  if (!last) return null;
  if (last.manifest.base === null) return [last];
  // Ids sort by time, and a base is older: a circle of manifests ends here.
  const before = last.manifest.base < id ? chainOf(backups, last.manifest.base) : null;
  return before && [...before, last];
}
