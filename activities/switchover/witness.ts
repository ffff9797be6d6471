import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps } from '../deps';
import { type Line, openLine } from '../mysql/line';
import { clientDoor, type ClientDoor, writeRow } from '../routing/client';
import { type WriteSide } from '../routing/prove';

/** What clients see of a switch, by clients of our own: the write gap of the report is theirs, not the sum of our steps. */
export interface Witnesses {
  /**
   * Milliseconds of the longest silence behind any router, once each has seen a row acknowledged by the server of this uuid; null where
   * there is no router, where one has seen none within a second, or where one had seen none before.
   */
  gapMs(by: string): Promise<number | null>;
  end(): void;
}

interface Witness {
  readonly seen: (by: string) => boolean;
  readonly gapMs: () => number;
  readonly end: () => void;
}

/** Also what the gap can be wrong by. */
const WRITES_EVERY_MS = 5;
const SEEN_WITHIN_MS = 1_000;
const READY_WITHIN_MS = 500;
const LOOK_EVERY_MS = 2;

/**
 * One client behind each router, from now until `end`: a row every few milliseconds, on a new connection after every error, as a careful
 * application does. Never throws: a switch does not fail for its audience. Resolves when each has a first row acknowledged or has failed,
 * and within half a second. Behind a DNS name there is none: what clients see there is the TTL, which the plan tells.
 */
export async function callWitnesses(deps: Pick<Deps, 'secret'>, cluster: Cluster, forMs: number): Promise<Witnesses> {
  const door = await clientDoor(deps, cluster);
  const witnesses = await Promise.all(
    cluster.routers.filter(({ kind }) => kind !== 'dns').map((router) => callWitness(router, door, forMs)),
  );
  return {
    gapMs: async (by) => {
      if (witnesses.length === 0) return null;
      const until = performance.now() + SEEN_WITHIN_MS;
      const seen = () => witnesses.every((one) => one.seen(by));
      while (!seen() && performance.now() < until) await pause(LOOK_EVERY_MS);
      const gaps = witnesses.map((one) => one.gapMs());
      return seen() && !gaps.includes(0) ? Math.round(Math.max(...gaps)) : null;
    },
    end: () => witnesses.forEach((one) => one.end()),
  };
}

function callWitness(side: WriteSide, door: ClientDoor, forMs: number): Promise<Witness> {
  let line: Line | undefined;
  let ended = false;
  let last: { readonly by: string; readonly atMs: number } | undefined;
  let longest = 0;
  const end = () => {
    ended = true;
    line?.destroy();
  };
  const { user, password, ssl } = door;
  const writes = async (tried: () => void) => {
    while (!ended) {
      try {
        line ??= await openLine({ ...side.writeAddress, user, password, ...(ssl && { ssl }) }, forMs);
        const by = await writeRow(line, door.schema, () => undefined);
        const atMs = performance.now();
        if (last) longest = Math.max(longest, atMs - last.atMs);
        last = { by, atMs };
      } catch {
        line?.destroy();
        line = undefined;
      }
      tried();
      await pause(WRITES_EVERY_MS);
    }
    end(); // of a line that came too late
  };
  setTimeout(end, forMs).unref();
  return new Promise((resolve) => {
    const witness = { seen: (by: string) => last?.by.toLowerCase() === by.toLowerCase(), gapMs: () => longest, end };
    setTimeout(() => resolve(witness), READY_WITHIN_MS).unref();
    void writes(() => resolve(witness));
  });
}
