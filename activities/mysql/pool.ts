import { type Line } from './line';

/**
 * A small kept pool for one server. The driver's own pool has no deadline per call and would hand a hung connection to the next
 * caller, so this one is ours: a connection whose call missed its deadline is destroyed, and the next call opens a new one.
 */
export interface Pool {
  /**
   * Run `work` on a connection of its own within `deadlineMs`, which covers waiting for the connection and opening it.
   * `leaves` says what the work leaves behind on the connection: 'nothing', or 'session state', which is wiped afterwards.
   * Rejects with `late(…)` when the deadline passes, else with what opening or the work rejects with.
   */
  use<Result>(work: (line: Line) => Promise<Result>, options: UseOptions): Promise<Result>;
  /** Open up to `count` connections now, so that an incident finds them open. Rejects with the first failure. */
  warm(count: number, deadlineMs: number): Promise<void>;
  close(): void;
}

export interface UseOptions {
  readonly deadlineMs: number;
  readonly leaves: 'nothing' | 'session state';
}

export interface PoolOptions {
  readonly open: (deadlineMs: number) => Promise<Line>;
  /** At most this many connections at once: a full server is not made fuller by the tool that is to help it. */
  readonly size: number;
  readonly late: (doing: string, deadlineMs: number) => Error;
}

/** One caller on its way: what it is doing now, and what must be undone when its time is up. */
interface Call {
  readonly deadline: number;
  doing: 'waiting for one of our busy connections' | 'connecting' | 'an answer';
  missed: boolean;
  line?: Line;
}

/** A waiting caller is handed a connection, or `undefined` with a reserved place to open its own. */
interface Waiter {
  readonly call: Call;
  readonly hand: (line: Line | undefined) => void;
}

/** Asked afresh: the deadline sets it while the work is awaited. */
const isMissed = (call: Call): boolean => call.missed;

export function keepPool({ open, size, late }: PoolOptions): Pool {
  const idle: Line[] = [];
  const busy = new Set<Line>();
  const waiting: Waiter[] = [];
  /** Places reserved for connections that are being opened. */
  let opening = 0;
  let closed = false;

  const nextWaiter = (): Waiter | undefined => {
    for (let next = waiting.shift(); next; next = waiting.shift()) if (!next.call.missed) return next;
    return undefined;
  };

  const letNextOpen = () => {
    if (closed || busy.size + opening >= size) return;
    const next = nextWaiter();
    if (!next) return;
    opening += 1;
    next.hand(undefined);
  };

  const drop = (line: Line) => {
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

  const wipe = (line: Line) => {
    line.reset().then(
      () => giveBack(line),
      () => drop(line),
    );
  };

  /** The caller has reserved a place (`opening`). */
  const openReserved = async (deadlineMs: number): Promise<Line> => {
    try {
      const line = await open(deadlineMs);
      line.onBroken(() => drop(line));
      busy.add(line);
      return line;
    } finally {
      opening -= 1;
      letNextOpen();
    }
  };

  const take = async (call: Call): Promise<Line> => {
    const kept = idle.pop();
    if (kept) {
      busy.add(kept);
      return kept;
    }
    if (busy.size + opening < size) opening += 1;
    else {
      call.doing = 'waiting for one of our busy connections';
      const handed = await new Promise<Line | undefined>((hand) => waiting.push({ call, hand }));
      if (handed) return handed;
      call.doing = 'connecting';
    }
    return openReserved(call.deadline - Date.now());
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
        const call: Call = { deadline: Date.now() + deadlineMs, doing: 'connecting', missed: false };
        const timer = setTimeout(() => {
          call.missed = true;
          // The driver may never settle a query whose connection is destroyed, so the place is freed here and not there.
          if (call.line) drop(call.line);
          reject(late(call.doing, deadlineMs));
        }, deadlineMs);
        carryOut(work, call, leaves)
          .then(resolve, reject)
          .finally(() => clearTimeout(timer));
      }),
    warm: async (count, deadlineMs) => {
      const missing = Math.max(0, Math.min(count, size) - idle.length - busy.size - opening);
      opening += missing;
      const opened = await Promise.allSettled(Array.from({ length: missing }, () => openReserved(deadlineMs)));
      for (const one of opened) if (one.status === 'fulfilled') giveBack(one.value);
      const failed = opened.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    },
    close: () => {
      closed = true;
      for (const line of [...idle, ...busy]) drop(line);
    },
  };
}
