import { refuseHost } from '../backups/physical';
import { contains, parseGtidSet, print, subtract } from '../gtid-set';
import { bytes } from '../progress';
import { type Refusal } from '../refusal';
import { copyOf, type CopyFacts, type ProvisionSurvey } from './facts';
import { seriesOf } from './logical';

/** Another one of these, and the server does not start on the files. */
const SAME = ['innodb_page_size', 'innodb_data_file_path', 'lower_case_table_names'] as const;
const PLATFORM = ['version_compile_os', 'version_compile_machine'] as const;
/** Where a server keeps what belongs to its data; '' and `./` are the data folder. */
const PLACES = [
  ...['innodb_data_home_dir', 'innodb_log_group_home_dir', 'innodb_undo_directory'],
  ...['log_bin_basename', 'relay_log_basename'],
] as const;

/** The release that an XtraBackup was made for, out of what `--version` prints; null = it prints something else. */
export const madeFor = (printed: string): string | null =>
  /\bversion \S+ based on MySQL server (\d+\.\d+\.\d+)/.exec(printed)?.[1] ?? null;

/** XtraBackup copies servers of its own series; before 8.0.34 none that is newer than itself. */
export function fits(tool: string, server: string): boolean {
  if (seriesOf(tool) !== seriesOf(server)) return false;
  return seriesOf(tool) !== 800 || patchOf(tool) >= 34 || patchOf(tool) >= patchOf(server);
}

/** The inventory says how XtraBackup is called. */
export const namesXtraBackup = ({ cluster }: Pick<ProvisionSurvey, 'cluster'>): boolean =>
  cluster.backups?.physical?.tool === 'xtrabackup';

/** Everything that stands against filling `recipient` with the files of `donor`, before anything of it is touched. */
export function refusalsOfFiles(survey: ProvisionSurvey, donor: CopyFacts, recipient: CopyFacts): Refusal[] {
  const { cluster } = survey;
  if (!namesXtraBackup(survey))
    return [
      {
        sentence: `the inventory names no XtraBackup for ${cluster.name}`,
        cure: `write clusters.${cluster.name}.backups.physical: { tool: xtrabackup, command: [xtrabackup, --defaults-file=/etc/mysql/backup.cnf], folder: /var/tmp/xtrabackup }`,
      },
    ];
  const noHost = [donor, recipient].flatMap(({ name }) => refuseHost(cluster, name));
  if (noHost.length > 0) return noHost;
  return [
    ...[donor, recipient].flatMap((one) => refusalsOfTool(one, versionOf(donor))),
    ...refusalsOfReleases(donor, recipient),
    ...refusalsOfPlaces(recipient),
    ...refusalsOfRoom(donor, recipient),
  ];
}

const PACKAGES: Readonly<Record<number, string>> = {
  507: 'percona-xtrabackup-24',
  800: 'percona-xtrabackup-80',
  804: 'percona-xtrabackup-84',
};

function refusalsOfTool({ name, xtrabackup }: CopyFacts, version: string): Refusal[] {
  const wanted = PACKAGES[seriesOf(version)] ?? `XtraBackup of the series of ${version}`;
  if (xtrabackup === undefined || 'because' in xtrabackup)
    return [
      {
        sentence: `XtraBackup cannot be run on the host of ${name}${xtrabackup ? `: ${xtrabackup.because}` : ''}`,
        cure: `install ${wanted} there, with xbstream beside it, or correct backups.physical.command`,
      },
    ];
  if (fits(xtrabackup.madeFor, version)) return [];
  return [
    {
      sentence: `the XtraBackup on the host of ${name} was made for MySQL ${xtrabackup.madeFor}, and the files are those of ${version}`,
      cure: `install ${wanted} there, no older than the server`,
    },
  ];
}

function refusalsOfReleases(donor: CopyFacts, recipient: CopyFacts): Refusal[] {
  const refusals: Refusal[] = [];
  const add = (sentence: string, cure: string) => refusals.push({ sentence, cure });
  const [from, to] = [versionOf(donor), versionOf(recipient)];
  if (seriesOf(from) !== seriesOf(to) || patchOf(to) < patchOf(from))
    add(
      `${donor.name} is ${from} and ${recipient.name} is ${to}: its files need the same release, or a newer one of its series`,
      `install ${from} on ${recipient.name}`,
    );
  // Neither the tool nor the server says exactly what such files hold.
  if (seriesOf(from) === 800 && patchOf(from) < 17)
    add(`what files of ${from} hold is not known exactly before 8.0.17`, 'take the strategy logical');
  for (const variable of [...SAME, ...PLATFORM]) {
    const [one, other] = [donor.variables[variable] ?? '', recipient.variables[variable] ?? ''];
    if (one !== other)
      add(
        `${variable} differs: ${one} on ${donor.name}, ${other} on ${recipient.name}`,
        `make ${donor.name} and ${recipient.name} alike`,
      );
  }
  return refusals;
}

/** What lies elsewhere would be left behind, and be taken for the new data's. */
function refusalsOfPlaces({ name, variables, folder }: CopyFacts): Refusal[] {
  const inside = [variables['datadir'] ?? '', folder?.path ?? ''].filter((path) => path !== '');
  const isInside = (path: string) =>
    !path.startsWith('/') || inside.some((one) => `${path}/`.startsWith(one.endsWith('/') ? one : `${one}/`));
  return PLACES.filter((place) => !isInside(variables[place] ?? '')).map((place) => ({
    sentence: `${place} of ${name} lies outside its data folder: ${variables[place] ?? ''}`,
    cure: `let it lie in the data folder, or take another strategy`,
  }));
}

function refusalsOfRoom(donor: CopyFacts, { name, bytes: own, freeBytes }: CopyFacts): Refusal[] {
  if (freeBytes === null || donor.bytes === null || freeBytes + (own ?? 0) >= donor.bytes) return [];
  return [
    {
      sentence: `the disk of ${name} has ${bytes(freeBytes)} free, and ${donor.name} has ${bytes(donor.bytes)} of data`,
      cure: `give ${name} a larger disk`,
    },
  ];
}

/** More than the files: the redo log that came meanwhile. */
const ROOM = 1.1;

/** What is filled, and whether its old data waits beside the new until its server answers. */
export interface FilesPlan {
  /** Absolute, on the recipient's host. */
  readonly dataFolder: string;
  /** Size of what comes; null = not known. */
  readonly bytes: number | null;
  readonly keepsOld: boolean;
}

/** Old data is kept where there is known to be room, and where the folder can be renamed: a mount point cannot. */
export function planFiles(survey: Pick<ProvisionSurvey, 'copies'>, donor: string, recipient: string): FilesPlan {
  const [from, to] = [copyOf(survey, donor), copyOf(survey, recipient)];
  const size = from?.bytes ?? null;
  const hasRoom = size !== null && (to?.freeBytes ?? 0) >= size * ROOM;
  return {
    dataFolder: to?.folder?.path ?? '',
    bytes: size,
    keepsOld: hasRoom && to?.folder?.isMount === false,
  };
}

export interface FilesHold {
  readonly version: string;
  /** GTID sets, text: what the server says of itself, and what XtraBackup said. */
  readonly own: string;
  readonly told: string;
  /** What came by a channel since the server started. */
  readonly received: string;
}

/**
 * The GTID set of files that a server was started on, and whether it must be told. From 8.0.17 on it knows by itself, and exactly; XtraBackup
 * may name less than it copied, for it goes on copying redo log after it has asked. Before, the server knows what it had when its binary log was
 * last changed, and XtraBackup, which locks everything, is exact. Source: MySQL manual, "mysql.gtid_executed Table"; Percona XtraBackup manual.
 */
export function heldByFiles({
  version,
  own,
  told,
  received,
}: FilesHold): { readonly gtids: string; readonly mustSet: boolean } | { readonly because: string } {
  const missing = subtract(parseGtidSet(told), parseGtidSet(own));
  if (seriesOf(version) >= 800)
    return contains(parseGtidSet(own), parseGtidSet(told))
      ? { gtids: own, mustSet: false }
      : { because: `it knows nothing of ${print(missing)}, which XtraBackup says is there` };
  if (received !== '')
    return {
      because: 'its channel started by itself before the server knew what its files hold: skip-slave-start is not set',
    };
  return { gtids: told, mustSet: told !== own };
}

const versionOf = ({ variables }: CopyFacts): string => variables['version'] ?? '';
const patchOf = (version: string): number => Number.parseInt(version.split('.')[2] ?? '', 10) || 0;
