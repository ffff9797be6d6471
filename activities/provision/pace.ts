import { Transform } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { tellGiven } from '../../workflows/decisions/provision/throttle';
import { type Throttle } from './throttle';

/** What is copied through this worker comes no faster than its donor may give, and stands while the cluster is not well. */
export interface Pace {
  /** Resolves when so many more bytes may go on. */
  through(bytes: number): Promise<void>;
  /** All that came. */
  readonly bytes: () => number;
  /** Why it is slow, to be put behind the name of a stage; '' = it is not. */
  readonly told: () => string;
}

const ASK_AGAIN_MS = 500;
/** Shorter waits are added up. */
const WORTH_A_WAIT_MS = 20;
const RATE_OVER_MS = 5_000;

export function openPace(throttle: Throttle): Pace {
  let [done, told, freeAt] = [0, '', performance.now()];
  let [sinceMs, sinceBytes, rate] = [performance.now(), 0, 0];
  const measure = () => {
    const nowMs = performance.now();
    if (nowMs - sinceMs < 1_000) return;
    rate = ((done - sinceBytes) / (nowMs - sinceMs)) * 1_000;
    if (nowMs - sinceMs > RATE_OVER_MS) [sinceMs, sinceBytes] = [nowMs, done];
  };
  return {
    bytes: () => done,
    told: () => told,
    async through(bytes) {
      done += bytes;
      measure();
      let given = await throttle(rate);
      while (given.standsStill) {
        told = ` (stands still: ${given.because})`;
        await pause(ASK_AGAIN_MS);
        given = await throttle(rate);
      }
      const { megabytes } = given;
      told = tellGiven(given);
      const nowMs = performance.now();
      freeAt = Math.max(freeAt, nowMs) + (megabytes === 0 ? 0 : bytes / (megabytes * 1_000));
      if (freeAt - nowMs > WORTH_A_WAIT_MS) await pause(freeAt - nowMs);
    },
  };
}

/** The same for a stream. */
export const pacing = (pace: Pace): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pace.through(chunk.length).then(
        () => done(null, chunk),
        (error: unknown) => done(error as Error),
      );
    },
  });
