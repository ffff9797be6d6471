import { setTimeout as pause } from 'node:timers/promises';
import { type DelayedReplica } from '../../workflows/decisions/archive/delayed';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type ChannelFacts, channelOf } from '../../workflows/decisions/facts';
import { contains, count, intersect, isEmpty, parseGtidSet, print, subtract } from '../../workflows/decisions/gtid-set';
import { type Scratch } from '../backups/scratch/scratch';
import { type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';
import { tellProgress } from '../progress';
import { factsOf } from '../replication/apply';
import { startApplier, startReceiver, stopReceiver } from '../replication/receivers';
import { wordsOf } from '../replication/statements';
import { doorOf, doorOfScratch, dumped, mustExist, say, type TableName } from './table-programs';

export interface StandOrder {
  readonly cluster: Cluster;
  readonly replica: DelayedReplica;
  /** GTID sets, text: what it is to have, and what it may not have. */
  readonly target: string;
  readonly unwanted: string;
}

export interface Standing {
  readonly executed: string;
  readonly transactions: number;
}

const POLL_MS = 100;
/** A big transaction is applied to its end first. */
const SLOW = { deadlineMs: 60_000 };

/**
 * Let a delayed replica apply everything up to the target without waiting, and stand right before what is not wanted. Twice is the same as once: it
 * looks where it stands first. What it leaves (applier stopped, no delay) `waitAgain` puts back.
 * Throws TARGET_PASSED, APPLIER_STOPPED, HOST_UNREACHABLE. Source: MySQL manual, "START REPLICA Statement" (SQL_BEFORE_GTIDS), "Delayed Replication".
 */
export async function stopBefore(deps: Deps, { cluster, replica, target, unwanted }: StandOrder): Promise<Standing> {
  const server = serverNamed(deps, cluster, replica.name);
  const wanted = parseGtidSet(target);
  const { stopApplier, startApplier: start } = await wordsOf(server);
  const total = count(subtract(wanted, parseGtidSet(replica.executed)));
  await server.run(stopApplier, [], SLOW);
  deps.checkpoint('delayed:stopped');
  for (let begun = false; ; begun = true) {
    const facts = await factsOf(deps, cluster, replica.name);
    const channel = channelOf(facts);
    const executed = parseGtidSet(facts.gtid.executed);
    refusePassed(replica.name, facts.gtid.executed, unwanted);
    refuseBroken(replica.name, channel);
    const left = count(subtract(wanted, executed));
    tellProgress(deps, { stage: 'apply', done: total - left, total, unit: 'transactions', rate: 0, etaSeconds: null });
    if (left === 0 && channel?.applier === 'stopped') return { executed: facts.gtid.executed, transactions: total };
    if (!begun && left > 0) {
      await delayBy(deps, cluster, server, 0);
      deps.checkpoint('delayed:at once');
      await server.run(`${start} UNTIL SQL_BEFORE_GTIDS = ?`, [unwanted.replaceAll('\n', '')], SLOW);
    } else if (left > 0 && channel?.applier === 'stopped') throw notReached(replica.name, left);
    await pause(POLL_MS);
  }
}

/** As it was found: it waits again, and applies if it did. Twice is the same as once. */
export async function waitAgain(deps: Deps, { cluster, replica }: StandOrder): Promise<void> {
  const server = serverNamed(deps, cluster, replica.name);
  const { stopApplier } = await wordsOf(server);
  const channel = channelOf(await factsOf(deps, cluster, replica.name));
  if (channel?.delaySeconds !== replica.delaySeconds) {
    await server.run(stopApplier, [], SLOW);
    await delayBy(deps, cluster, server, replica.delaySeconds);
    deps.checkpoint('delayed:waits');
  }
  if (replica.applies) await startApplier(server);
}

/** While neither thread runs, the server would throw its relay log away with the change: the receiver runs meanwhile. */
async function delayBy(deps: Deps, cluster: Cluster, server: Mysql, seconds: number): Promise<void> {
  const { changeSource, option } = await wordsOf(server);
  const receives = channelOf(await factsOf(deps, cluster, server.name))?.receiver !== 'stopped';
  if (!receives) await startReceiver(server);
  await server.run(`${changeSource} ${option}_DELAY = ${seconds}`, [], SLOW);
  if (!receives) await stopReceiver(server);
}

function refusePassed(name: string, executed: string, unwanted: string): void {
  const passed = intersect(parseGtidSet(executed), parseGtidSet(unwanted));
  if (isEmpty(passed)) return;
  throw new RunbookError({
    code: 'TARGET_PASSED',
    message: `${name} has applied ${print(passed).replaceAll('\n', '')}, which lies behind the target`,
    hint: 'Start the restore again: it takes a backup and the archive.',
  });
}

function refuseBroken(name: string, channel: ChannelFacts | undefined): void {
  if (channel && !channel.applierError) return;
  throw new RunbookError({
    code: 'APPLIER_STOPPED',
    message: channel?.applierError
      ? `the applier of ${name} stopped with error ${channel.applierError.code}: ${channel.applierError.message}`
      : `${name} copies from nobody any more`,
    hint: 'Name a backup to go without it: {"backup": "…"} as `runbook backups` shows them.',
  });
}

const notReached = (name: string, left: number): RunbookError =>
  new RunbookError({
    code: 'APPLIER_STOPPED',
    message: `the applier of ${name} stopped ${left} transactions before the target`,
    hint: 'Name a backup to go without it: {"backup": "…"} as `runbook backups` shows them.',
  });

/** Tables of a replica that stands at the target, into an empty server. Throws TARGET_PASSED where it moved meanwhile, INVALID_INPUT, TOOL_FAILED. */
export async function tablesFromReplica(
  deps: Deps,
  { cluster, replica, target }: { readonly cluster: Cluster; readonly replica: string; readonly target: string },
  scratch: Scratch,
  tables: readonly TableName[],
): Promise<void> {
  const executed = async () => (await factsOf(deps, cluster, replica)).gtid.executed;
  const [from, to] = [doorOf(deps, cluster, replica), doorOfScratch(scratch)];
  const before = await executed();
  if (!contains(parseGtidSet(before), parseGtidSet(target))) throw notReached(replica, 1);
  for (const name of tables) {
    await mustExist(from, name);
    await scratch.mysql.run(`CREATE DATABASE IF NOT EXISTS ${quoteName(name.schema)}`);
    await from.open((source) => to.open((options) => say(options, dumped(source, name, ['--triggers']), name.schema)));
    deps.checkpoint('delayed:copied');
  }
  refusePassed(replica, await executed(), print(subtract(parseGtidSet(await executed()), parseGtidSet(before))));
}
