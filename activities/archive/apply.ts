import { open, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ArchivedFile, filesFor } from '../../workflows/decisions/archive/coverage';
import { membership } from '../../workflows/decisions/archive/membership';
import {
  contains,
  count,
  type GtidSet,
  intersect,
  isEmpty,
  parseGtidSet,
  print,
  subtract,
  union,
} from '../../workflows/decisions/gtid-set';
import { damaged } from '../backups/sealing/sealing';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { wordsOf } from '../replication/statements';
import { MAGIC } from './binlog/event';
import { cutTo } from './binlog/transactions';
import { archiveGap } from './gap';
import { type Shelf } from './shelf';

export interface ApplyOrder {
  /** What the server is to hold at the end, besides what it holds. */
  readonly target: GtidSet;
  /** Of that, what is passed over: an empty transaction takes its GTID, so that nobody sends it later. */
  readonly without: GtidSet;
  /** It is no scratch server: its settings stay as they are, but for a server id that must be another one meanwhile. */
  readonly keepSettings?: boolean;
}

export interface Applied {
  readonly transactions: number;
  readonly files: number;
  /** Of the files' content that was applied. */
  readonly bytes: number;
  readonly seconds: number;
  /** GTID set, text; '' = none. */
  readonly passedOver: string;
}

export interface ApplyHooks {
  readonly checkpoint: (name: string) => void;
  readonly progress: (done: number, total: number) => void;
}

const CHANNEL = 'archive';
/** So much is laid out for the server at a time: it needs the room twice, in relay logs and in tables. */
const BATCH_BYTES = 1_073_741_824;
const POLL_MS = 100;
const [WRITE_BYTES, WRITE_PARTS] = [1_048_576, 1_000];

/**
 * Bring `server` to a set of GTIDs from the archive. The wanted transactions are laid out as relay logs of a channel of their own and applied
 * by the server's replication applier, in parallel as it was committed; there is no UNTIL, since nothing else lies there. Resumes by what
 * gtid_executed says. The server runs on this machine, and nobody writes to it.
 * Throws ARCHIVE_GAP with the exact GTIDs that are not archived, BACKUP_DAMAGED, APPLIER_STOPPED, what the store and the server throw.
 * Source: MySQL manual, "CHANGE REPLICATION SOURCE TO" (RELAY_LOG_FILE), "The Relay Log".
 */
export async function applyArchived(
  server: Mysql,
  shelf: Shelf,
  order: ApplyOrder,
  hooks: ApplyHooks,
): Promise<Applied> {
  const since = performance.now();
  const executed = async () => parseGtidSet(String(await server.value('SELECT @@global.gtid_executed')));
  const passedOver = await passOver(server, intersect(order.without, order.target), await executed());
  const wanted = subtract(order.target, await executed());
  const { files, missing } = filesFor((await shelf.coverage()).files, wanted);
  if (!isEmpty(missing)) throw archiveGap(missing);

  const total = count(wanted);
  let bytes = 0;
  for (const batch of batchesOf(files)) {
    const part = intersect(wanted, gtidsIn(batch));
    const left = subtract(part, await executed());
    if (isEmpty(left)) continue;
    const stage = await layOut(server, shelf, batch, left, hooks.checkpoint);
    bytes += stage.bytes;
    hooks.checkpoint('apply:laid out');
    if (order.keepSettings !== true) await beQuick(server);
    await applyAll(server, stage, left, async () => {
      hooks.progress(total - count(subtract(wanted, await executed())), total);
    });
    hooks.checkpoint('apply:applied');
  }
  await forget(server);
  return {
    transactions: total,
    files: files.length,
    bytes,
    seconds: Math.round(performance.now() - since) / 1000,
    passedOver: print(passedOver),
  };
}

const gtidsIn = (files: readonly ArchivedFile[]): GtidSet =>
  files.reduce((sum, { gtids }) => union(sum, parseGtidSet(gtids)), parseGtidSet(''));

function batchesOf(files: readonly ArchivedFile[]): ArchivedFile[][] {
  const batches: ArchivedFile[][] = [];
  let room = 0;
  for (const file of files) {
    if (file.bytes > room || batches.length === 0) {
      batches.push([]);
      room = BATCH_BYTES;
    }
    batches.at(-1)?.push(file);
    room -= file.bytes;
  }
  return batches;
}

/** An empty transaction with the GTID of one that is not wanted. Already executed ones cannot be taken out. */
async function passOver(server: Mysql, without: GtidSet, executed: GtidSet): Promise<GtidSet> {
  const there = intersect(without, executed);
  for (const gtid of eachOf(subtract(without, executed)))
    await server.session(async (session) => {
      await session.run('SET SESSION gtid_next = ?', [gtid]);
      await session.run('BEGIN');
      await session.run('COMMIT');
      await session.run("SET SESSION gtid_next = 'AUTOMATIC'");
    });
  return subtract(without, there);
}

/** Few: a person named them. */
function eachOf(set: GtidSet): string[] {
  return set.sources.flatMap(({ uuid, tag, intervals }) => {
    const name = tag === '' ? uuid : `${uuid}:${tag}`;
    const all: string[] = [];
    for (let i = 0; i < intervals.length; i += 2)
      for (let number = intervals[i] ?? 0; number < (intervals[i + 1] ?? 0); number += 1) all.push(`${name}:${number}`);
    return all;
  });
}

interface Stage {
  readonly first: string;
  readonly bytes: number;
}

/** Relay logs that hold `wanted` and nothing else, one for each file, and their index. What was there of the channel is forgotten. */
async function layOut(
  server: Mysql,
  shelf: Shelf,
  files: readonly ArchivedFile[],
  wanted: GtidSet,
  checkpoint: ApplyHooks['checkpoint'],
): Promise<Stage> {
  await forget(server);
  const base = `${String(await server.value('SELECT @@global.relay_log_basename'))}-${CHANNEL}`;
  await removeAll(base);
  const isWanted = membership(wanted);
  const serverIds = new Set<number>();
  const names: string[] = [];
  let bytes = 0;
  for (const file of files) {
    checkpoint('apply:laying out');
    const path = `${base}.${String(names.length + 1).padStart(6, '0')}`;
    const output = await open(path, 'w', 0o640);
    try {
      let parts: Buffer[] = [MAGIC];
      let size = 0;
      const flush = async () => {
        await output.writev(parts);
        [parts, size] = [[], 0];
      };
      for await (const { event, kept } of cutTo(await shelf.open(file), isWanted, (why) => damaged(file.key, why))) {
        if (!kept) continue;
        serverIds.add(event.header.serverId);
        parts.push(event.raw);
        size += event.raw.length;
        bytes += event.raw.length;
        if (size >= WRITE_BYTES || parts.length >= WRITE_PARTS) await flush();
      }
      await flush();
    } finally {
      await output.close();
    }
    names.push(path);
  }
  await writeFile(`${base}.index`, names.map((path) => `${path}\n`).join(''), { mode: 0o640 });
  await beNobodyOf(server, serverIds);
  return { first: basename(names[0] ?? ''), bytes };
}

/** An applier passes over transactions of its own server id. */
async function beNobodyOf(server: Mysql, serverIds: ReadonlySet<number>): Promise<void> {
  const own = Number(await server.value('SELECT @@global.server_id'));
  if (!serverIds.has(own)) return;
  let free = 4_000_000_000;
  while (serverIds.has(free)) free += 1;
  await server.run(`SET GLOBAL server_id = ${free}`);
}

async function beQuick(server: Mysql): Promise<void> {
  const { option } = await wordsOf(server);
  const kind = option === 'SOURCE' ? 'replica' : 'slave';
  await server.run(`SET GLOBAL ${kind}_parallel_workers = ${Math.max(2, availableParallelism())}`);
}

async function applyAll(server: Mysql, { first }: Stage, wanted: GtidSet, tell: () => Promise<void>): Promise<void> {
  const { changeSource, option, startApplier } = await wordsOf(server);
  await server.run(
    `${changeSource} ${option}_HOST = 'archive', RELAY_LOG_FILE = ?, RELAY_LOG_POS = 4 FOR CHANNEL '${CHANNEL}'`,
    [first],
    { deadlineMs: 60_000 },
  );
  await server.run(`${startApplier} FOR CHANNEL '${CHANNEL}'`, [], { deadlineMs: 60_000 });
  for (;;) {
    await tell();
    const executed = parseGtidSet(String(await server.value('SELECT @@global.gtid_executed')));
    if (contains(executed, wanted)) return;
    await refuseStopped(server, subtract(wanted, executed));
    await pause(POLL_MS);
  }
}

async function refuseStopped(server: Mysql, left: GtidSet): Promise<void> {
  const [stopped] = await server.rows<{ state: string; errno: number; message: string }>(
    `SELECT service_state AS state, last_error_number AS errno, last_error_message AS message
       FROM performance_schema.replication_applier_status_by_worker WHERE channel_name = ? AND last_error_number <> 0
     UNION ALL SELECT service_state, last_error_number, last_error_message
       FROM performance_schema.replication_applier_status_by_coordinator WHERE channel_name = ? AND last_error_number <> 0`,
    [CHANNEL, CHANNEL],
  );
  const [service] = await server.rows<{ state: string }>(
    'SELECT service_state AS state FROM performance_schema.replication_applier_status WHERE channel_name = ?',
    [CHANNEL],
  );
  if (!stopped && service?.state === 'ON') return;
  const executed = parseGtidSet(String(await server.value('SELECT @@global.gtid_executed')));
  if (contains(executed, left)) return;
  throw new RunbookError({
    code: 'APPLIER_STOPPED',
    message: `${server.name} cannot apply the archived transactions: ${stopped ? `${stopped.message} (${stopped.errno})` : 'its applier stopped'}; ${count(left)} are left`,
    hint: 'Compare its base with where the archive begins: the row that is missing or there twice says which transaction differs.',
  });
}

/** The channel, with its relay logs. */
async function forget(server: Mysql): Promise<void> {
  const [there] = await server.rows(
    'SELECT channel_name FROM performance_schema.replication_applier_configuration WHERE channel_name = ?',
    [CHANNEL],
  );
  if (!there) return;
  const { stop, resetAll } = await wordsOf(server);
  await server.run(`${stop} FOR CHANNEL '${CHANNEL}'`, [], { deadlineMs: 600_000 });
  await server.run(`${resetAll} FOR CHANNEL '${CHANNEL}'`, [], { deadlineMs: 60_000 });
}

/** Of an attempt that died before it told the server of them. */
async function removeAll(base: string): Promise<void> {
  const [folder, name] = [dirname(base), basename(base)];
  for (const entry of await readdir(folder)) if (entry.startsWith(`${name}.`)) await rm(`${folder}/${entry}`);
}
