import { type Activities } from '../../activities';

type Summaries = { readonly [Name in keyof Activities]?: (order: Parameters<Activities[Name]>[0]) => string };

/** One line for each step on the Web UI's timeline, in the paper's words and with the servers' names. */
const SUMMARIES: Summaries = {
  sightCluster: () => 'Look at the primary from here and through every replica',
  archiveBinlogs: ({ cluster }) => `Copy the binary logs of ${cluster}`,
  surveyPurge: () => 'Look what every member, the archive and the backups still need',
  purgeTo: ({ name, to }) => `Purge the binary logs of ${name} before ${to}`,
  surveyRestore: () => 'Find the target in the archive, and a way to it',
  restoreTo: ({ from }) =>
    'backup' in from
      ? `Restore backup ${from.backup}, apply the archived transactions`
      : `Copy the tables of ${from.replica}`,
  stopBefore: ({ replica }) => `Stop ${replica.name} right before the target`,
  waitAgain: ({ replica }) => `Let ${replica.name} wait ${replica.delaySeconds} s again`,
  takePermit: ({ cluster }) => `Ask the fleet's ledger whether ${cluster} may fail over by itself`,
  fenceOldPrimary: ({ oldPrimary }) => `Fence ${oldPrimary}, make positions hold still`,
  fenceServer: ({ oldPrimary }) => `Fence ${oldPrimary}, which another server has replaced`,
  openPrimary: ({ candidate, fetchFrom }) =>
    `Apply the relay log of ${candidate}${fetchFrom === null ? '' : `, fetch from ${fetchFrom}`}, open its writes`,
  previewCluster: () => 'Look at every member, its settings and grants',
  nextWindow: ({ cluster }) => `Find the maintenance window of ${cluster}`,
  holdupsOn: ({ name }) => `List what would hold up a freeze of ${name}`,
  endHoldups: ({ name, sessions }) => `End ${sessions.length} sessions on ${name}`,
  awaitReceiver: ({ replica }) => `Wait until ${replica} receives`,
  catchUp: ({ candidate, primary }) => `Let ${candidate} catch up with ${primary}`,
  switchPrimary: ({ from, to }) => `Hold, freeze ${from}, open ${to}, route, prove`,
  releaseRouters: ({ routers, held }) => `End the hold of ${held} at ${routers.join(', ')}`,
  routeWrites: ({ primary }) => `Point every router at ${primary}, prove it by a write`,
  repointReplica: ({ replica, source }) => `Repoint ${replica} to ${source}`,
  startReceiving: ({ name }) => `Let ${name} receive again`,
  closeServer: ({ name }) => `Close ${name} again`,
  settleNewPrimary: ({ name }) => `Let ${name} forget that it was a replica`,
  quarantineOldPrimary: ({ oldPrimary }) => `Quarantine ${oldPrimary}`,
  closeAndCopy: ({ instance }) => `Close ${instance}, copy what it alone has`,
  replayExtras: ({ instance, primary }) => `${primary} takes over what ${instance} alone has`,
  closeForGood: ({ instance }) => `Make ${instance} read-only for good`,
  advance: ({ instance, goal }) => `${instance} ${goal === 'apply' ? 'applies what it has received' : 'catches up'}`,
  settleRejoined: ({ instance }) => `Lift the quarantine of ${instance}, read its settings back`,
  endSessions: ({ name }) => `Close what clients have left on ${name}`,
  lastSession: ({ name }) => `Note who is connected to ${name}`,
  awaitSessions: ({ application }) => `Wait until ${application.name} has connected`,
  restartApplication: ({ application }) => `Restart ${application.name}`,
  routeReads: () => 'Point reads at the replicas that follow',
  drillCandidates: () => 'Ask every cluster with a drill for its last one',
  surveyDrill: ({ cluster }) => `Look whether ${cluster} may be drilled now`,
  prepareDrill: ({ primary }) => `Make the tables of the drill on ${primary}, or empty them`,
  writeThroughout: ({ cluster }) => `Clients write through every router of ${cluster.name}`,
  awaitClients: ({ primary }) => `Wait until a row of every client is on ${primary}`,
  killServer: ({ name }) => `Kill ${name}`,
  startServer: ({ name }) => `Start ${name} again`,
  awaitFailover: ({ cluster }) => `Wait until somebody fails ${cluster} over`,
  awaitReport: () => 'Wait for the end of the failover',
  countLost: ({ primary }) => `Look for every acknowledged row on ${primary}`,
  recordDrill: ({ primary }) => `Write the drill into the history on ${primary}`,
  surveyProvision: ({ cluster }) => `Look whether and how a server of ${cluster} can be filled`,
  startInstance: ({ instance }) => `Start the server of ${instance}`,
  openRecipient: ({ instance }) => `Make ${instance} ready to be filled`,
  closeRecipient: ({ instance }) => `Close ${instance} again`,
  copyExtras: ({ instance }) => `Copy what ${instance} alone has to a file`,
  cloneFrom: ({ instance, donor }) => `Fill ${instance} by CLONE from ${donor}`,
  fillWithFiles: ({ instance, donor }) => `Fill ${instance} with the files of ${donor}`,
  fillFromBackup: ({ instance, backup }) => `Fill ${instance} from backup ${backup} and the archive`,
  dumpInto: ({ instance, donor }) => `Fill ${instance} from a dump of ${donor}`,
  settleCopy: ({ instance }) => `Close ${instance}, forget the donor's channel`,
  compareSample: ({ instance, donor }) => `Compare some tables of ${instance} with ${donor} at the same GTID set`,
  shareReads: ({ instance, percent }) => `Give ${instance} ${percent} % of its share of reads`,
  takeLogical: ({ id, source }) => `Take ${id} from ${source}`,
  takePhysical: ({ id, source, incremental }) =>
    `Copy the data folder of ${source} as ${id}${incremental ? ', what was changed' : ''}`,
  letGoOn: ({ source }) => `See to it that ${source} applies`,
  proveBackup: ({ id, source }) => `Restore ${id ?? 'the newest backup'}, compare it with ${source}`,
  retainBackups: ({ cluster }) => `Remove old backups of ${cluster.name}`,
  blackoutNow: ({ schedule }) => `Ask whether ${schedule} may begin now`,
  precheckUpgrade: ({ cluster, to }) => `What would ${to} break in ${cluster.name}?`,
  watchLinks: ({ links }) => `Watch ${links.map(({ replica, source }) => `${replica} below ${source}`).join(', ')}`,
  detach: ({ name }) => `${name} leaves the cluster`,
  replaceProgram: ({ name, to }) => `Replace the program of ${name} by ${to}`,
  tryQueries: ({ old, fresh }) => `Try what clients ask on ${old} and ${fresh}`,
  compareRows: ({ old, fresh }) => `Compare rows of ${old} and ${fresh}`,
  applyAgain: ({ names }) => `Let ${names.join(' and ')} apply again`,
  writeReport: () => 'Keep the report',
  tellChannel: ({ channel, cluster }) => `Tell ${channel} of ${cluster}`,
};

/** Longer ones are refused by the server. */
const LONGEST = 200;

export function summaryOf(activity: string, order: unknown): string {
  const tell = (SUMMARIES as Readonly<Record<string, ((order: unknown) => string) | undefined>>)[activity];
  return (tell?.(order) ?? activity).slice(0, LONGEST);
}
