import { type Socket } from 'node:net';
import { type LinkRule } from './rules';

/** Bytes that may wait in a slow link before its sender is held back. */
const QUEUE_LIMIT = 256 * 1024;

interface Parcel {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

export interface Pump {
  /** Looks at the rule again: resumes what a healed link held back. */
  wake(): void;
  /** True while bytes still wait to be passed on. */
  busy(): boolean;
  /** A good-bye travels behind the bytes that were sent before it. */
  whenEmpty(then: () => void): void;
}

/** Passes bytes from one socket to another under the rule that holds at each moment, in order, with back pressure. */
export function pump(from: Socket, to: Socket, ruleNow: () => LinkRule): Pump {
  const queue: Parcel[] = [];
  let queued = 0;
  let freeAt = 0; // when the link has carried all that was handed to it
  let timer: NodeJS.Timeout | undefined;
  const behind: (() => void)[] = [];

  const send = (): void => {
    timer = undefined;
    const rule = ruleNow();
    while (queue.length > 0 && rule.kind !== 'blackhole') {
      const wait = (queue[0]?.dueAt ?? 0) - performance.now();
      if (wait > 0 && rule.kind === 'slow') {
        timer = setTimeout(send, wait);
        return;
      }
      const { bytes } = queue.shift() as Parcel;
      queued -= bytes.length;
      if (to.destroyed) continue;
      if (!to.write(bytes)) {
        to.once('drain', send);
        return;
      }
    }
    if (rule.kind !== 'blackhole' && queued < QUEUE_LIMIT) from.resume();
    if (queue.length === 0) for (const then of behind.splice(0)) then();
  };

  from.on('data', (bytes: Buffer) => {
    const rule = ruleNow();
    const now = performance.now();
    const delay = rule.kind === 'slow' ? (rule.delayMs ?? 0) : 0;
    const rate = rule.kind === 'slow' ? rule.bytesPerSecond : undefined;
    freeAt = Math.max(freeAt, now) + (rate === undefined ? 0 : (bytes.length / rate) * 1000);
    queue.push({ bytes, dueAt: rate === undefined ? now + delay : freeAt + delay });
    queued += bytes.length;
    if (rule.kind === 'blackhole' || queued >= QUEUE_LIMIT) from.pause();
    if (timer === undefined && to.listenerCount('drain') === 0) send();
  });

  return {
    wake: () => {
      clearTimeout(timer);
      send();
    },
    busy: () => queue.length > 0,
    whenEmpty: (then) => {
      if (queue.length === 0) then();
      else behind.push(then);
    },
  };
}
