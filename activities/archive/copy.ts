import { type GtidSet, union } from '../../workflows/decisions/gtid-set';
import { ARTIFICIAL_FLAG, EVENT, type BinlogEvent } from './binlog/event';
import { type Format } from './binlog/format';
import { checkEvent } from './binlog/walk';
import { type Dump } from './stream/dump';
import { type LocalFile, type OpenFile, type Tier } from './tier';

/** A source lives as long as its heartbeats come, one a second. */
const SILENT_FOR_MS = 5_000;

export interface CopyOrder {
  readonly source: { readonly name: string; readonly uuid: string };
  readonly have: GtidSet;
  /** A file is closed at this size, or so long after its beginning. */
  readonly mostBytes: number;
  readonly mostMs: number;
}

export interface CopyHooks {
  readonly checkpoint: (name: string) => void;
  /** A file is finished. */
  readonly closed: (file: LocalFile) => void;
  /** So far everything is safe here. */
  readonly safe: (file: OpenFile | null) => void;
  /** Asked each second and behind each batch: why to leave this source; null = go on. */
  readonly leave: () => string | null;
}

/** Kinds that belong to the stream or to the source's own files, not to transactions. */
const NOT_KEPT: readonly number[] = [EVENT.heartbeat, EVENT.heartbeatV2, EVENT.previousGtids, EVENT.stop, EVENT.rotate];

/**
 * Copy from one source until it is left: event by event into the local tier, safe before it counts. A file holds transactions of one binary
 * log file of the source only: what may be applied in parallel is told by numbers that begin anew with each.
 * Returns why it was left. Throws what the driver, the file system or the stream's garbled bytes say; what was open is closed by the caller.
 */
export async function copyFrom(dump: Dump, tier: Tier, order: CopyOrder, hooks: CopyHooks): Promise<string> {
  let { have } = order;
  let format = null as { readonly event: BinlogEvent; readonly says: Format } | null;
  let file = null as OpenFile | null;
  const finish = async () => {
    const open = file;
    file = null;
    if (!open) return;
    hooks.checkpoint('archive:closing');
    have = union(have, open.counted().gtids);
    const closed = await tier.close();
    hooks.checkpoint('archive:closed');
    if (closed) hooks.closed(closed);
  };

  for (;;) {
    const batch = await dump.next(SILENT_FOR_MS);
    if (batch === null) return 'the source has ended the stream';
    let kept: BinlogEvent[] = [];
    const write = async () => {
      if (kept.length === 0 || !format) return;
      file ??= await tier.begin(
        { ...order.source, serverVersion: format.says.serverVersion },
        format.event,
        have,
        format.says.checksums,
        Date.now(),
      );
      hooks.checkpoint('archive:writing');
      await file.append(kept);
      hooks.checkpoint('archive:safe');
      kept = [];
    };
    for (const raw of batch) {
      const type = raw.readUInt8(4);
      if (type === EVENT.rotate) {
        await write();
        // A real one ends a file of the source; the one that the sender makes up opens the stream.
        if ((raw.readUInt16LE(17) & ARTIFICIAL_FLAG) === 0) await finish();
        continue;
      }
      if (NOT_KEPT.includes(type)) continue;
      const event = checkEvent(raw, format?.says ?? null);
      if (!event) throw new RangeError('an event of the stream does not fit its checksum');
      if (type !== EVENT.format) {
        kept.push(event);
        continue;
      }
      await write();
      await finish();
      format = { event, says: event.format };
    }
    await write();
    hooks.safe(file);
    if (file && isDue(file, order)) await finish();
    const because = hooks.leave();
    if (because !== null) {
      await finish();
      return because;
    }
  }
}

const isDue = (file: OpenFile, { mostBytes, mostMs }: CopyOrder): boolean =>
  file.between() && (file.bytes >= mostBytes || Date.now() - file.openedMs >= mostMs);
