import { type FailoverPolicy } from './cluster';
import { type Decision } from './failover';

/** How long the present judgement has held, look after look. Times are milliseconds of the observer's monotonic clock. */
export interface Streak {
  readonly kind: 'nothing to do' | 'act' | 'ask';
  readonly looks: number;
  readonly sinceMs: number;
}

export const calm: Streak = { kind: 'nothing to do', looks: 0, sinceMs: 0 };

/** A judgement that only a human can confirm is offered when it has lasted, not at the first ripple. */
const ASK_AFTER_MS = 5_000;
/** One look may be a ripple; two in a row are not. */
const LOOKS = 2;

export function follow(streak: Streak, decision: Decision, nowMs: number): Streak {
  const kind = decision.act === 'stand down' ? 'nothing to do' : decision.plan.risks.length > 0 ? 'ask' : 'act';
  return kind === streak.kind ? { ...streak, looks: streak.looks + 1 } : { kind, looks: 1, sinceMs: nowMs };
}

/**
 * Has the judgement held long enough to start a failover? `silentSinceMs` is the primary's last sign of life: hold-down is counted
 * from there, so that the time the diagnosis took is not waited for twice; a primary that still shows life (a full disk, a dead
 * intermediate source below it) is held down from the first look that judged so.
 */
export function shouldStart(streak: Streak, policy: FailoverPolicy, silentSinceMs: number, nowMs: number): boolean {
  if (streak.kind === 'nothing to do' || streak.looks < LOOKS) return false;
  if (nowMs - Math.min(silentSinceMs, streak.sinceMs) < policy.holdDownSeconds * 1000) return false;
  return streak.kind === 'act' || nowMs - streak.sinceMs >= ASK_AFTER_MS;
}

/** The lock was held by a planned change: its end says nothing about the trouble that was seen. */
export const ANOTHER_RUNBOOK = 'another runbook had the lock';

/** How long the watcher leaves a cluster alone after a run of that outcome ended, in milliseconds. */
export const restAfter = (outcome: string): number =>
  outcome === 'done' || outcome === ANOTHER_RUNBOOK ? 1_000 : outcome === 'stood down' ? 3_000 : 60_000;
