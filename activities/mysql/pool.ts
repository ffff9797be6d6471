import { type Line } from './line';

/**
 * A small kept pool for one server. The driver's own pool has no deadline per call and would hand a hung connection to the next
 * caller, so this one is ours: a connection whose call missed its deadline is destroyed, and the next call opens a new one.
 * A connection that is still being opened is not: it is kept for the next caller.
 */
export interface Pool {
  /**
   * Run `work` on a connection of its own within `deadlineMs`, which covers waiting for the connection and opening it.
   * `leaves` says what the work leaves behind on the connection: 'nothing', or 'session state', which is wiped afterwards.
   * Rejects with `late(…)` when the deadline passes, else with what opening or the work rejects with.
   */
  use<Result>(work: (line: Line) => Promise<Result>, options: UseOptions): Promise<Result>;
  /** Open up to `count` connections now, so that an incident finds them open. Rejects with the first failure. */
  warm(count: number): Promise<void>;
  /** Connections that broke or were given up, so far. */
  lost(): number;
  close(): void;
}

export interface UseOptions {
  readonly deadlineMs: number;
  readonly leaves: 'nothing' | 'session state';
}

export interface PoolOptions {
  /** Opens a connection within a time of its own: a caller with less patience leaves, and the next one finds it open. */
  readonly open: () => Promise<Line>;
  /** At most this many connections at once: a full server is not made fuller by the tool that is to help it. */
  readonly size: number;
  readonly late: (doing: string, deadlineMs: number) => Error;
}

/** One caller on its way: what it is doing now, and what must be undone when its time is up. */
interface Call {
  doing: 'waiting for one of our busy connections' | 'connecting' | 'an answer';
  missed: boolean;
  opening: boolean;
  line?: Line;
}

/** A waiting caller is handed a connection, or `undefined` with a reserved place to open its own. */
interface Waiter {
  readonly call: Call;
  readonly hand: (line: Line | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Openings that go on without their caller. Were they given up with him, a slow link or a busy worker would never finish one, and the
 * server would look dead for ever. Two are enough to learn that it is well, and a server that hangs is not asked for more.
 */
const ORPHANS = 2;

const WIPED_WITHIN_MS = 2_000;

/** Asked afresh: the deadline sets it while the work is awaited. */
const isMissed = (call: Call): boolean => call.missed;

export function keepPool({ open, size, late }: PoolOptions): Pool {
  const idle: Line[] = [];
  const busy = new Set<Line>();
  const waiting: Waiter[] = [];
  /** Places reserved for connections that are being opened. */
  let opening = 0;
  /** Those of them whose caller has gone. */
  let orphans = 0;
  let lost = 0;
  let closed = false;

  const mayOpen = () => orphans < ORPHANS && busy.size + opening < size;

  const nextWaiter = (): Waiter | undefined => {
    for (let next = waiting.shift(); next; next = waiting.shift()) if (!next.call.missed) return next;
    return undefined;
  };

  const letNextOpen = () => {
    if (closed || !mayOpen()) return;
    const next = nextWaiter();
    if (!next) return;
    opening += 1;
    next.hand(undefined);
  };

  const drop = (line: Line) => {
    lost += 1;
    line.destroy();
    const at = idle.indexOf(line);
    if (at >= 0) idle.splice(at, 1);
    if (busy.delete(line)) letNextOpen();
  };

  const giveBack = (line: Line) => {
    if (line.broken || closed) {
      drop(line);
      return;
    }
    const next = nextWaiter();
    if (next) {
      next.hand(line);
      return;
    }
    busy.delete(line);
    idle.push(line);
  };

  /** One that broke in use is mostly a server that died: the idle ones are as dead, we have only not heard of it yet. */
  const dropIdle = () => {
    for (const line of [...idle]) drop(line);
  };

  /** A server that hangs meanwhile may answer in an hour: it must not keep a place for so long. */
  const wipe = (line: Line) => {
    const timer = setTimeout(() => drop(line), WIPED_WITHIN_MS);
    line
      .reset()
      .then(
        () => giveBack(line),
        () => drop(line),
      )
      .finally(() => clearTimeout(timer));
  };

  /** The caller has reserved a place (`opening`). */
  const openReserved = async (call?: Call): Promise<Line> => {
    if (call) call.opening = true;
    try {
      const line = await open();
      line.onBroken(() => drop(line));
      busy.add(line);
      return line;
    } catch (error) {
      // Why it failed is news to those who wait for it: without this a server that refuses slowly would pass for one that hangs.
      if (call?.missed) for (const waiter of waiting.splice(0)) waiter.fail(error);
      throw error;
    } finally {
      opening -= 1;
      if (call) {
        call.opening = false;
        if (isMissed(call)) orphans -= 1;
      }
      letNextOpen();
    }
  };

  const take = async (call: Call): Promise<Line> => {
    const kept = idle.pop();
    if (kept) {
      busy.add(kept);
      return kept;
    }
    if (mayOpen()) opening += 1;
    else {
      if (orphans === 0) call.doing = 'waiting for one of our busy connections';
      const handed = await new Promise<Line | undefined>((hand, fail) => waiting.push({ call, hand, fail }));
      if (handed) return handed;
      call.doing = 'connecting';
    }
    return openReserved(call);
  };

  const carryOut = async <Result>(work: (line: Line) => Promise<Result>, call: Call, leaves: UseOptions['leaves']) => {
    const line = await take(call);
    if (isMissed(call)) {
      // Nobody waits for this any more, but the connection came through: keep it for the next caller.
      giveBack(line);
      throw late(call.doing, 0);
    }
    call.line = line;
    call.doing = 'an answer';
    try {
      return await work(line);
    } finally {
      if (line.broken && !isMissed(call)) dropIdle();
      if (isMissed(call) || line.broken) drop(line);
      else if (leaves === 'session state') wipe(line);
      else giveBack(line);
    }
  };

  return {
    use: (work, { deadlineMs, leaves }) =>
      new Promise((resolve, reject) => {
        const call: Call = { doing: 'connecting', missed: false, opening: false };
        const timer = setTimeout(() => {
          call.missed = true;
          if (call.opening) orphans += 1;
          // The driver may never settle a query whose connection is destroyed, so the place is freed here and not there.
          if (call.line) drop(call.line);
          reject(late(call.doing, deadlineMs));
        }, deadlineMs);
        carryOut(work, call, leaves)
          .then(resolve, reject)
          .finally(() => clearTimeout(timer));
      }),
    warm: async (count) => {
      const missing = Math.max(0, Math.min(count, size) - idle.length - busy.size - opening);
      opening += missing;
      const opened = await Promise.allSettled(Array.from({ length: missing }, () => openReserved()));
      for (const one of opened) if (one.status === 'fulfilled') giveBack(one.value);
      const failed = opened.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    },
    lost: () => lost,
    close: () => {
      closed = true;
      for (const line of [...idle, ...busy]) drop(line);
    },
  };
}
