import { type LastSeen } from './evidence';
import { type Rto } from './report';

/** From the last time the primary was seen well (or the start of this run, when nobody watched) to the proven write. ISO 8601 times. */
export function measureRto(lastSeen: LastSeen | null, startedAt: string, provedAt: string | null): Rto | null {
  if (provedAt === null) return null;
  const from = lastSeen?.at ?? startedAt;
  return {
    from,
    to: provedAt,
    totalMs: Math.max(0, Date.parse(provedAt) - Date.parse(from)),
    because: lastSeen
      ? 'from the last time the watcher saw the primary well to the first write proven through a router'
      : 'from the start of this run: no watcher saw when the primary failed',
  };
}
