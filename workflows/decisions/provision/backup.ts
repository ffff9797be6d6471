import { type Instance } from '../cluster';
import { type InstanceFacts } from '../facts';
import { contains, type GtidSet, intersect, isEmpty, parseGtidSet, print, subtract, union } from '../gtid-set';
import { type Refusal } from '../refusal';
import { type CopyFacts, type ProvisionSurvey, type Tool } from './facts';
import { seriesOf, withoutTools } from './logical';

const NEEDED: readonly Tool[] = ['mysqldump', 'mysql', 'zstd'];

/** Everything that stands against filling `recipient` from the store. No donor is asked for anything. */
export function refusalsOfBackup(
  { stored, tools, cluster }: ProvisionSurvey,
  recipient: CopyFacts,
  instance: Instance,
  primary: InstanceFacts,
): Refusal[] {
  if (stored === undefined)
    return [
      {
        sentence: `the inventory says nothing of backups of ${cluster.name}`,
        cure: `write clusters.${cluster.name}.backups`,
      },
    ];
  if ('because' in stored)
    return [{ sentence: `the store of backups cannot be read: ${stored.because}`, cure: 'look at runbook backups' }];
  const { backup } = stored;
  if (!backup)
    return [
      {
        sentence: `${stored.store} has no logical backup of ${cluster.name} that is proven (${stored.backups} in all)`,
        cure: `runbook start verifyBackup --cluster ${cluster.name}`,
      },
    ];
  const refusals = withoutTools(tools, NEEDED);
  const add = (sentence: string, cure: string) => refusals.push({ sentence, cure });
  if (!stored.scratch)
    add(
      `${cluster.name} has no backups.scratch, and a scratch server makes the accounts of a backup`,
      'add scratch: { mysqld: /usr/sbin/mysqld, folder: /scratch } to its backups',
    );
  if (seriesOf(recipient.variables['version']) < seriesOf(backup.serverVersion))
    add(
      `${recipient.name} (${recipient.variables['version'] ?? ''}) is older than backup ${backup.id} (${backup.serverVersion})`,
      `upgrade ${recipient.name} first`,
    );
  const [held, executed, purged] = [backup.gtids, primary.gtid.executed, primary.gtid.purged].map(parseGtidSet) as [
    GtidSet,
    GtidSet,
    GtidSet,
  ];
  if (!contains(executed, held))
    add(
      `backup ${backup.id} holds ${print(subtract(held, executed))}, which ${primary.name} does not have (invariant 4)`,
      'take a new backup, and prove it',
    );
  const needed = subtract(purged, held);
  if (isEmpty(needed)) return refusals;
  const reach = archivedReach(held, parseGtidSet(stored.archived), executed, primary.serverUuid);
  const missing = subtract(needed, reach);
  if (!isEmpty(missing))
    add(
      `${primary.name} has purged ${print(missing)}, which neither backup ${backup.id} nor the archive has without a gap`,
      'take a newer backup and prove it; the archive: runbook archive status',
    );
  else if (recipient.filesHere !== true)
    add(
      `${primary.name} has purged binary logs that ${instance.name} needs, and archived ones can be laid out only where a worker runs on its machine (control: local or systemd, its data folder writable)`,
      'take a newer backup and prove it, or start a worker there',
    );
  return refusals;
}

/**
 * Up to where the archive leads on from what is held, without a gap: what was executed, and stands behind a transaction that is not archived, is
 * left out, for it may build on that one; so is everything where another server's than `current`'s is missing. Nothing that was not executed.
 */
export function archivedReach(held: GtidSet, archived: GtidSet, executed: GtidSet, current: string): GtidSet {
  const have = union(held, intersect(archived, executed));
  const missing = subtract(executed, have);
  if (missing.sources.some(({ uuid }) => uuid !== current)) return held;
  const behind = missing.sources.flatMap(({ uuid, tag, intervals }) => {
    const name = tag === '' ? uuid : `${uuid}:${tag}`;
    return intervals[0] === undefined ? [] : [`${name}:${intervals[0]}-${LAST}`];
  });
  return union(held, subtract(have, parseGtidSet(behind.join(','))));
}

/** The largest number that a set here can hold. */
const LAST = Number.MAX_SAFE_INTEGER - 1;
