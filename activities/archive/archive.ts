import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Trouble } from '../../workflows/decisions/archive/troubles';
import { type Cluster } from '../../workflows/decisions/cluster';
import { count, type GtidSet, isEmpty, parseGtidSet, print, subtract, union } from '../../workflows/decisions/gtid-set';
import { type CancellableDeps } from '../deps';
import { findCluster } from '../inventory/inventory';
import { systemCode } from '../inventory/system-code';
import { copyFrom } from './copy';
import { haveNow, keepHave } from './have';
import { archiveOf } from './policy';
import { openShelf, type Shelf } from './shelf';
import { type Chosen, lookForSource, openStream, streamWords } from './sources';
import { type LocalFile, type OpenFile, openTier } from './tier';
import { openTroubles } from './troubles';
import { startUploads } from './uploads';

export interface ArchiveOrder {
  readonly cluster: string;
  /** Of which people were told already. */
  readonly told: readonly Trouble[];
}

/** Why it came back: people are to be told something. */
export interface ArchiveTurn {
  readonly troubles: readonly Trouble[];
}

/** What the archive reports with each heartbeat of its activity. */
export interface ArchiveDetails {
  readonly archiver: string;
  readonly state: string;
  readonly source: string | null;
  /** ISO 8601: when the newest archived transaction was committed; null = there is none. */
  readonly newestAt: string | null;
  /** ISO 8601: when we last knew that nothing was missing. */
  readonly currentAt: string | null;
  readonly filesWaiting: number;
  readonly missing: number;
  readonly troubles: readonly string[];
}

const LOOK_EVERY_MS = 5_000;
const AGAIN_AFTER_MS = 1_000;
/** Another source must look better at so many looks in a row. */
const LOOKS_TO_CHANGE = 2;

/**
 * Archive the binary logs of one cluster until cancelled, or until people are to be told something. What it has is read from both tiers, so
 * a second attempt goes on behind the last safe transaction; what one that died has left open is cut there.
 * Throws INVENTORY_INVALID, UNKNOWN_CLUSTER, SECRET_UNAVAILABLE; what servers, store and disk do are troubles, never errors.
 */
export async function archiveBinlogs(deps: CancellableDeps, order: ArchiveOrder): Promise<ArchiveTurn> {
  const cluster = async (): Promise<Cluster> => findCluster(await deps.inventory(), order.cluster);
  const policy = archiveOf(await cluster());
  const troubles = openTroubles(order.told);
  const tier = openTier(join(policy.folder, order.cluster));
  const left = new AbortController();
  const stop = AbortSignal.any([deps.cancelled, left.signal]);
  const shelf = async (): Promise<Shelf> => openShelf(deps, await cluster());
  const details = {
    state: 'beginning',
    source: null as string | null,
    newestMs: 0,
    currentAt: null as string | null,
    missing: parseGtidSet(''),
  };
  const leaving = (): boolean => stop.aborted || troubles.news(order.told);
  const rest = (ms: number): Promise<void> => pause(ms, undefined, { signal: stop }).catch(() => undefined);

  const found = await untilItWorks(
    () => tier.recover(),
    (error) => troubles.stand(folderTrouble(policy.folder, error)),
    leaving,
    rest,
  );
  troubles.over('folder');
  const uploads = startUploads(
    tier,
    shelf,
    {
      keepMs: policy.keepDays * 86_400_000,
      checkpoint: deps.checkpoint,
      cancelled: stop,
      trouble: (trouble) => (trouble ? troubles.stand(trouble) : troubles.over('store')),
    },
    found ?? [],
  );
  const beat = () => {
    deps.heartbeat({
      archiver: `${hostname()}:${process.pid}`,
      state: details.state,
      source: details.source,
      newestAt: details.newestMs === 0 ? null : new Date(details.newestMs).toISOString(),
      currentAt: details.currentAt,
      filesWaiting: uploads.waiting.length,
      missing: count(details.missing),
      troubles: troubles.lasting().map(({ sentence }) => sentence),
    } satisfies ArchiveDetails);
  };
  const beating = setInterval(beat, 500);

  try {
    if (!found) return { troubles: troubles.lasting() };
    const have = await untilItWorks(() => haveNow(tier.folder, shelf, found), standing('store'), leaving, rest);
    if (!have) return { troubles: troubles.lasting() };
    details.missing = have.missing;
    if (isEmpty(have.missing)) troubles.over('gap');
    for (const { lastMs } of found) details.newestMs = Math.max(details.newestMs, lastMs ?? 0);
    let { set, fresh } = have;
    while (!leaving()) {
      const chosen = await choose(set, details.source);
      if (!chosen) {
        await rest(AGAIN_AFTER_MS);
        continue;
      }
      if (fresh) {
        fresh = !(await beginWith(chosen.purged));
        if (fresh) continue;
        set = union(set, parseGtidSet(chosen.purged));
      } else if (!isEmpty(chosen.lost)) await noteGap(chosen);
      set = await copyUntilLeft(chosen, set);
      if (!leaving()) await rest(AGAIN_AFTER_MS);
    }
    return { troubles: troubles.lasting() };
  } finally {
    clearInterval(beating);
    left.abort();
    await uploads.ended;
  }

  function standing(kind: 'store' | 'source') {
    return (error: unknown) =>
      troubles.stand({
        kind,
        id: kind,
        sentence: `${kind === 'store' ? 'the store of archived binary logs cannot be used' : 'no source of binary logs can be read'}: ${streamWords(error)}`,
        cure: 'Nothing is lost while the servers keep their binary logs: look before they purge them.',
      });
  }

  /** What was purged before the archive began is not missing in it. */
  async function beginWith(purged: string): Promise<boolean> {
    try {
      await (await shelf()).begin(purged, new Date().toISOString());
      return true;
    } catch (error) {
      standing('store')(error);
      await rest(AGAIN_AFTER_MS);
      return false;
    }
  }

  async function choose(have: GtidSet, current: string | null): Promise<Chosen | null> {
    const chosen = await lookForSource(deps, await cluster(), have, current).catch((error: unknown) => {
      standing('source')(error);
      return null;
    });
    if (chosen?.source != null) return chosen;
    if (chosen) standing('source')(new Error(chosen.because));
    details.state = chosen?.because ?? 'no member can be read';
    return null;
  }

  async function noteGap({ lost, source, purged }: Chosen): Promise<void> {
    const gtids = print(lost);
    details.missing = union(details.missing, lost);
    troubles.stand({
      kind: 'gap',
      id: `gap ${gtids}`,
      sentence: `the archive has a gap: ${gtids} was purged (${source ?? ''} has purged ${purged}) before it was archived`,
      cure: 'A restore to a point behind the gap needs a backup that is newer than the gap: take one now (runbook start backUp).',
    });
    await (
      await shelf()
    )
      .noteGap({ gtids, noticedAt: new Date().toISOString(), source: source ?? '' })
      .catch(standing('store'));
  }

  /** Copy from one source until it breaks or another is better. Returns what is archived then. */
  async function copyUntilLeft(chosen: Chosen, have: GtidSet): Promise<GtidSet> {
    const source = { name: chosen.source ?? '', uuid: chosen.uuid };
    let now = have;
    let better: string | null = null;
    let dump;
    let looking = setInterval(() => undefined, 1e6);
    details.source = source.name;
    try {
      dump = await openStream(deps, await cluster(), source.name, union(have, parseGtidSet(chosen.purged)));
      let looks = 0;
      clearInterval(looking);
      looking = setInterval(() => {
        void lookForBetter(source.name, () => now).then((name) => {
          looks = name === null ? 0 : looks + 1;
          if (looks >= LOOKS_TO_CHANGE) better = name;
        });
      }, LOOK_EVERY_MS);
      const because = await copyFrom(
        dump,
        tier,
        { source, have, mostBytes: policy.megabytes * 1_048_576, mostMs: policy.seconds * 1_000 },
        {
          checkpoint: deps.checkpoint,
          closed: (file) => void (now = took(file, now)),
          safe: (file) => {
            troubles.over('source');
            troubles.over('folder');
            details.state = `copies from ${source.name}`;
            safeSoFar(file);
          },
          leave: () => (leaving() ? 'told to' : better === null ? null : `${better} is the better source`),
        },
      );
      details.state = because;
    } catch (error) {
      details.state = `left ${source.name}: ${streamWords(error)}`;
      if (FULL.has(systemCode(error))) {
        if (!(await uploads.makeRoom())) troubles.stand(folderTrouble(policy.folder, error));
      } else standing('source')(error);
    } finally {
      clearInterval(looking);
      dump?.close();
    }
    const rest = await tier.close().catch(() => null);
    if (rest) now = took(rest, now);
    await keepHave(tier.folder, now).catch(() => undefined);
    return now;
  }

  function took(file: LocalFile, have: GtidSet): GtidSet {
    uploads.add(file);
    details.newestMs = Math.max(details.newestMs, file.lastMs ?? 0);
    if (!isEmpty(details.missing)) {
      details.missing = subtract(details.missing, file.gtids);
      if (isEmpty(details.missing)) troubles.over('gap');
    }
    return union(have, file.gtids);
  }

  function safeSoFar(file: OpenFile | null): void {
    details.currentAt = new Date().toISOString();
    details.newestMs = Math.max(details.newestMs, file?.counted().lastMs ?? 0);
  }

  async function lookForBetter(current: string, have: () => GtidSet): Promise<string | null> {
    const chosen = await lookForSource(deps, await cluster(), have(), current).catch(() => null);
    return chosen?.source == null || chosen.source === current ? null : chosen.source;
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

const folderTrouble = (folder: string, error: unknown): Trouble => ({
  kind: 'folder',
  id: 'folder',
  sentence: `${folder} ${FULL.has(systemCode(error)) ? 'is full' : 'cannot be written to'} (${systemCode(error)}), so nothing is archived now`,
  cure: 'Make room or mount it: archiving goes on by itself, and nothing is lost while the servers keep their binary logs.',
});

async function untilItWorks<Result>(
  work: () => Promise<Result>,
  failed: (error: unknown) => void,
  leaving: () => boolean,
  rest: (ms: number) => Promise<void>,
): Promise<Result | null> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      failed(error);
      if (leaving()) return null;
      await rest(AGAIN_AFTER_MS);
    }
  }
}
