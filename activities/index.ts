import { type Client } from '@temporalio/client';
import { type CaughtUp } from '../workflows/decisions/caught-up';
import { nextOpening, type Opening } from '../workflows/decisions/calendar';
import { type Cluster } from '../workflows/decisions/cluster';
import { type Comeback } from '../workflows/decisions/applications';
import { type Seen } from '../workflows/decisions/drill';
import { type ClusterSnapshot } from '../workflows/decisions/facts';
import { type Permit } from '../workflows/decisions/permits';
import { type Holdup } from '../workflows/decisions/holdups';
import { type RunbookReport } from '../workflows/decisions/report';
import { archiveBinlogs, type ArchiveOrder, type ArchiveTurn } from './archive/archive';
import { type PurgeOrder, purgeTo, surveyPurge } from './archive/purge';
import { type Standing, type StandOrder, stopBefore, waitAgain } from './archive/delayed';
import { type Restored, type RestoreOrder, restoreTo, surveyRestore, type SurveyRestore } from './archive/restore';
import { awaitSessions, lastSession, type Looking, restartApplication } from './applications/reconnect';
import { type PhysicalOrder, type Taken, type TakeOrder } from './backups/take';
import { type HoldOrder, letGoOn } from './backups/logical/hold';
import { takeLogical } from './backups/logical/take';
import { takePhysical } from './backups/physical/take';
import { type Proved, proveBackup, type ProveOrder } from './backups/prove/prove';
import { retainBackups, type Retained } from './backups/retain';
import { type Deps, serverNamed, words } from './deps';
import { RunbookError } from './errors';
import { type FenceFindings } from '../workflows/decisions/fence';
import { findCluster } from './inventory/inventory';
import { closeOldPrimary, type FenceOrder, type Fenced, fenceOldPrimary, fenceServer } from './fencing/fence';
import { quarantine } from './fencing/quarantine';
import { killSessions } from './mysql/sessions';
import { lookAtCluster } from './observe/cluster';
import { type Sight, type SightOrder, sightCluster } from './observe/sight';
import { rememberedBy } from './observe/last-seen';
import { channelNames } from './notify/channels';
import { type Said, tellChannel, type TellOrder } from './notify/tell';
import { observePrimary, type WatchDeps } from './watch/observe-primary';
import { returnPermit, takePermit } from './permits/permits';
import { type Opened, openPrimary, type OpenOrder } from './replication/open';
import { startReceiver } from './replication/receivers';
import { repointReplica, type Repointed } from './replication/repoint';
import { settleNewPrimary, type Settled, settleReplica } from './replication/settle';
import { type BlackoutAnswer, blackoutNow } from './schedules/blackout';
import { salvageTransactions } from './reports/salvage';
import { awaitClients, type ClientsOrder, countLost, writeThroughout } from './drill/clients';
import { awaitFailover, awaitReport, lastChange, type LastChange } from './drill/failover-run';
import { drillCandidates, recordDrill, type RecordOrder } from './drill/history';
import { type HostOrder, type Killed, type KillOrder, killServer, startServer } from './drill/host';
import { type DrillSurvey, surveyDrill } from './drill/survey';
import { emptyWrites, makeTables } from './drill/tables';
import { writeReport } from './reports/write-report';
import { advance, type Advanced, type AdvanceOrder } from './rejoin/advance';
import { closeAndCopy, type Extras, type Pair } from './rejoin/extras';
import { replayExtras, type Replayed, type ReplayOrder } from './rejoin/replay';
import { closeForGood, type Closed, type Rejoined, settleRejoined } from './rejoin/settle';
import { holdupsOn } from './switchover/holdups';
import { endSessions, type LeftSessions } from './switchover/left-sessions';
import { awaitReceiver, catchUp, previewCluster, type Preview } from './switchover/prepare';
import { type Switched, type SwitchOrder } from './switchover/order';
import { switchPrimary } from './switchover/switch';
import { releaseLeft, type ReleaseOrder } from './switchover/release';
import { cloneFrom, type CloneOrder, type Copied } from './provision/clone';
import { fillFromBackup, type FromBackupOrder } from './provision/from-backup';
import { type FilesOrder, fillWithFiles } from './provision/files';
import { dumpInto } from './provision/logical';
import { compareSample, type Compared, type CompareOrder } from './provision/compare';
import { startInstance } from './hosts/start';
import { closeRecipient, type Emptied, openRecipient, type Recipient, START_SECONDS } from './provision/recipient';
import { settleCopy, type SettledCopy } from './provision/settle-copy';
import { surveyProvision } from './provision/survey';
import { type ProvisionSurvey } from '../workflows/decisions/provision/facts';
import { routeReads, routeWrites, shareReads, type Routed, type RouteOrder, type ReadsRouted } from './routing/writes';
import { type BrokenLink, type RowsCompared, upgradeActivities } from './upgrades/activities';

export type { Restored };
export type { BrokenLink, RowsCompared };
export type { ClientsOrder, DrillSurvey, LastChange };
export type { Copied, Recipient };
export type { Advanced, Extras, Fenced, Looking, Opened, Preview, Routed, Settled, Sight, Switched };

export interface Quarantine {
  readonly reached: boolean;
  readonly extra: string;
  readonly because: string;
  /** Where the transactions that only it has were copied to; null when there are none or they could not be copied. */
  readonly file: string | null;
}

/** Everything workflows may ask the world for. Thin: each line leads to the file that does it. */
export function createActivities(
  deps: Deps &
    Pick<WatchDeps, 'startFailover' | 'rehearse'> & {
      readonly client: Client;
      readonly cancelled: () => AbortSignal;
      readonly remembered: () => unknown;
      /** 1 for the first; a later one may find what a worker that died has left. */
      readonly attempt: () => number;
      readonly warn: (sentence: string) => void;
    },
) {
  const { client } = deps;
  return {
    sightCluster: (order: SightOrder): Promise<Sight> => sightCluster(deps, order),
    observePrimary: (order: { readonly cluster: string; readonly probeMs: number }): Promise<void> =>
      observePrimary({ ...deps, cancelled: deps.cancelled(), remembered: rememberedBy(deps.remembered()) }, order),

    archiveBinlogs: (order: ArchiveOrder): Promise<ArchiveTurn> =>
      archiveBinlogs({ ...deps, cancelled: deps.cancelled() }, order),

    surveyRestore: (order: SurveyRestore) => surveyRestore(deps, order),
    restoreTo: (order: RestoreOrder): Promise<Restored> => restoreTo({ ...deps, cancelled: deps.cancelled() }, order),
    stopBefore: (order: StandOrder): Promise<Standing> => stopBefore(deps, order),
    waitAgain: (order: StandOrder): Promise<void> => waitAgain(deps, order),
    surveyPurge: (order: PurgeOrder) => surveyPurge(deps, order),
    purgeTo: (order: Parameters<typeof purgeTo>[1]): Promise<void> => purgeTo(deps, order),

    async takePermit({
      cluster,
      run,
      peek,
    }: {
      readonly cluster: string;
      readonly run: string;
      readonly peek: boolean;
    }): Promise<Permit> {
      const inventory = await deps.inventory();
      const perCluster = inventory.clusters.find((one) => one.name === cluster)?.failover.atMost ?? {
        failovers: 0,
        perMinutes: 60,
      };
      return takePermit(client, { cluster, run, peek, perCluster, perFleet: inventory.limits.automaticFailovers });
    },
    returnPermit: (run: string): Promise<void> => returnPermit(client, run),

    fenceOldPrimary: (order: FenceOrder): Promise<Fenced> => fenceOldPrimary(deps, order),
    fenceServer: (order: FenceOrder): Promise<Pick<FenceFindings, 'superReadOnly' | 'command'>> =>
      fenceServer(deps, order),
    readMembers: ({
      cluster,
      without,
    }: {
      readonly cluster: Cluster;
      readonly without: readonly string[];
    }): Promise<ClusterSnapshot> =>
      lookAtCluster(
        deps.servers,
        { ...cluster, instances: cluster.instances.filter((instance) => !without.includes(instance.name)) },
        { full: false },
      ),
    openPrimary: (order: OpenOrder): Promise<Opened> => openPrimary(deps, order),
    previewCluster: ({ cluster }: { readonly cluster: string }): Promise<Preview> => previewCluster(deps, cluster),
    async nextWindow({ cluster, atMs }: { readonly cluster: string; readonly atMs: number }): Promise<Opening | null> {
      const { maintenanceWindows } = findCluster(await deps.inventory(), cluster);
      return nextOpening(maintenanceWindows ?? [], atMs);
    },
    holdupsOn: ({ cluster, name }: { readonly cluster: Cluster; readonly name: string }): Promise<Holdup[]> =>
      holdupsOn(deps, cluster, name),
    endHoldups: (order: {
      readonly cluster: Cluster;
      readonly name: string;
      readonly sessions: readonly number[];
    }): Promise<void> => killSessions(serverNamed(deps, order.cluster, order.name), order.sessions),
    awaitReceiver: (order: { readonly cluster: Cluster; readonly replica: string }): Promise<void> =>
      awaitReceiver(deps, order.cluster, order.replica),
    catchUp: (order: {
      readonly cluster: Cluster;
      readonly primary: string;
      readonly candidate: string;
    }): Promise<CaughtUp> => catchUp(deps, order.cluster, order.primary, order.candidate),
    switchPrimary: (order: SwitchOrder): Promise<Switched> => switchPrimary(deps, order, deps.attempt()),
    releaseRouters: (order: ReleaseOrder): Promise<void> => releaseLeft(deps, order),
    endSessions: (order: { readonly cluster: Cluster; readonly name: string }): Promise<LeftSessions[]> =>
      endSessions(deps, order),
    routeWrites: (order: RouteOrder): Promise<Routed> => routeWrites(deps, order),
    routeReads: (order: {
      readonly cluster: Cluster;
      readonly primary: string;
      readonly without: readonly string[];
    }): Promise<ReadsRouted> => routeReads(deps, order),

    lastSession: ({ cluster, name }: { readonly cluster: Cluster; readonly name: string }): Promise<number | null> =>
      lastSession(deps, cluster, name),
    awaitSessions: (order: Looking & { readonly withinSeconds: number }): Promise<Comeback> =>
      awaitSessions(deps, order),
    restartApplication: (order: Looking & { readonly run: string }): Promise<string> => restartApplication(deps, order),

    async repointReplica({
      cluster,
      replica,
      source,
    }: {
      readonly cluster: Cluster;
      readonly replica: string;
      readonly source: string;
    }): Promise<Repointed> {
      const repointed = await repointReplica(deps, cluster, replica, source);
      await settleReplica(deps, cluster, replica);
      return repointed;
    },
    startReceiving: ({ cluster, name }: { readonly cluster: Cluster; readonly name: string }): Promise<void> =>
      startReceiver(serverNamed(deps, cluster, name)),
    async closeServer({ cluster, name }: { readonly cluster: Cluster; readonly name: string }): Promise<void> {
      const closed = await closeOldPrimary(deps, cluster, name, true);
      if (!closed.set)
        throw new RunbookError({
          code: 'FENCE_NOT_PROVEN',
          message: `${name} could not be made read-only: ${closed.because}`,
          hint: 'Make it read-only by hand: SET GLOBAL super_read_only = ON.',
        });
    },
    settleNewPrimary: ({ cluster, name }: { readonly cluster: Cluster; readonly name: string }): Promise<Settled> =>
      settleNewPrimary(deps, cluster, name),

    async quarantineOldPrimary({
      cluster,
      oldPrimary,
      newPrimary,
    }: {
      readonly cluster: Cluster;
      readonly oldPrimary: string;
      readonly newPrimary: string;
    }): Promise<Quarantine> {
      const kept = await quarantine(deps, cluster, oldPrimary, newPrimary);
      if (kept.extra === '') return { ...kept, file: null };
      try {
        return { ...kept, file: await salvageTransactions(deps, cluster, oldPrimary, kept.extra) };
      } catch (error) {
        return { ...kept, file: null, because: `${kept.because}; not copied: ${words(error)}` };
      }
    },
    closeAndCopy: (order: Pair): Promise<Extras> => closeAndCopy(deps, order),
    replayExtras: (order: ReplayOrder): Promise<Replayed> => replayExtras(deps, order),
    closeForGood: (order: Pair): Promise<Closed> => closeForGood(deps, order),
    advance: (order: AdvanceOrder): Promise<Advanced> => advance(deps, order),
    settleRejoined: (order: Pair): Promise<Rejoined> => settleRejoined(deps, order),
    surveyProvision: ({ cluster }: { readonly cluster: string }): Promise<ProvisionSurvey> =>
      surveyProvision(deps, cluster),
    startInstance: ({ cluster, instance }: Recipient): Promise<'started' | 'was there'> =>
      startInstance(deps, cluster, instance, START_SECONDS),
    openRecipient: (order: Recipient): Promise<Emptied> => openRecipient(deps, order),
    closeRecipient: (order: Recipient): Promise<void> => closeRecipient(deps, order),
    cloneFrom: (order: CloneOrder): Promise<Copied> => cloneFrom(deps, order),
    fillFromBackup: (order: FromBackupOrder): Promise<Copied> => fillFromBackup(deps, order),
    dumpInto: (order: CloneOrder): Promise<Copied> => dumpInto(deps, order),
    fillWithFiles: (order: FilesOrder): Promise<Copied> => fillWithFiles(deps, order),
    settleCopy: (order: Recipient & { readonly donor: string }): Promise<SettledCopy> => settleCopy(deps, order),
    compareSample: (order: CompareOrder): Promise<Compared> => compareSample(deps, order),
    shareReads: (order: { readonly cluster: Cluster; readonly instance: string; readonly percent: number }) =>
      shareReads(deps, order),
    copyExtras: ({ cluster, instance, extra }: Recipient & { readonly extra: string }): Promise<string> =>
      salvageTransactions(deps, cluster, instance, extra),
    blackoutNow: ({ schedule }: { readonly schedule: string }): Promise<BlackoutAnswer> =>
      blackoutNow(deps, schedule, Date.now()),
    drillCandidates: () => drillCandidates(deps),
    surveyDrill: ({ cluster }: { readonly cluster: string }): Promise<DrillSurvey> =>
      surveyDrill(deps, client, cluster, Date.now()),
    async prepareDrill({ cluster, primary }: { readonly cluster: Cluster; readonly primary: string }): Promise<void> {
      const server = serverNamed(deps, cluster, primary);
      await makeTables(server, cluster.schema);
      await emptyWrites(server, cluster.schema);
    },
    writeThroughout: (order: ClientsOrder): Promise<Seen> => writeThroughout(deps, order),
    awaitClients: (order: ClientsOrder & { readonly primary: string }): Promise<void> => awaitClients(deps, order),
    countLost: (order: ClientsOrder & { readonly primary: string; readonly seen: Seen }): Promise<number> =>
      countLost(deps, order),
    killServer: (order: KillOrder): Promise<Killed> => killServer(deps, order, deps.attempt()),
    startServer: (order: HostOrder): Promise<'started' | 'was there'> => startServer(deps, order),
    lastChange: ({ cluster }: { readonly cluster: string }): Promise<LastChange | null> => lastChange(client, cluster),
    awaitFailover: (order: {
      readonly cluster: string;
      readonly after: string | null;
      readonly withinSeconds: number;
    }): Promise<{ readonly run: string } | null> => awaitFailover(client, order),
    awaitReport: (order: { readonly cluster: string; readonly run: string }): Promise<RunbookReport | null> =>
      awaitReport(client, order),
    async recordDrill(order: RecordOrder): Promise<void> {
      await recordDrill(deps, order);
      await emptyWrites(serverNamed(deps, order.cluster, order.primary), order.cluster.schema);
    },
    takeLogical: (order: TakeOrder): Promise<Taken> => takeLogical({ ...deps, stopped: deps.cancelled() }, order),
    takePhysical: (order: PhysicalOrder): Promise<Taken> => takePhysical({ ...deps, stopped: deps.cancelled() }, order),
    letGoOn: (order: HoldOrder): Promise<'ran' | 'started'> => letGoOn(deps, order),
    proveBackup: (order: ProveOrder): Promise<Proved> => proveBackup({ ...deps, stopped: deps.cancelled() }, order),
    retainBackups: ({ cluster }: { readonly cluster: Cluster }): Promise<Retained> =>
      retainBackups(deps, cluster, Date.now()),
    ...upgradeActivities(deps),
    writeReport: (report: RunbookReport): Promise<string[]> => writeReport(deps, report),
    channelsOf: async ({ cluster }: { readonly cluster: string }): Promise<string[]> =>
      channelNames(await deps.inventory(), cluster),
    tellChannel: (order: TellOrder): Promise<Said> => tellChannel(deps, order),
  };
}

export type Activities = ReturnType<typeof createActivities>;
