import { type InstanceFacts } from '../facts';
import { contains, count, type GtidSet, intersect, isEmpty, parseGtidSet, subtract, union } from '../gtid-set';

/** A replica that waits before it applies. GTID sets are text. */
export interface DelayedReplica {
  readonly name: string;
  readonly executed: string;
  /** Executed, or in its relay log. */
  readonly received: string;
  readonly delaySeconds: number;
  /** Its applier runs; a person may have stopped it when the mistake was seen. */
  readonly applies: boolean;
}

/** Those of a cluster, as they are. One whose applier broke off, or that copies from several, is no help. */
export const delayedOf = (members: readonly InstanceFacts[]): DelayedReplica[] =>
  members.flatMap(({ name, gtid: { executed }, channels }) => {
    const [channel, another] = channels;
    if (!channel || another || channel.applierError !== null || channel.delaySeconds === 0) return [];
    const received = [executed, channel.retrieved].filter((set) => set !== '').join(',');
    return [{ name, executed, received, delaySeconds: channel.delaySeconds, applies: channel.applier === 'running' }];
  });

/**
 * The delayed replica that can be stopped right before what is not wanted: it has received everything up to the target, and applied nothing of
 * what is archived behind it. The one with the least to apply. `next`: the first archived transaction behind the target; null = there is none to stop before.
 */
export function standsBefore(
  replicas: readonly DelayedReplica[],
  { target, next }: { readonly target: string; readonly next: object | null },
  archived: GtidSet,
): { readonly replica: DelayedReplica; readonly transactions: number } | null {
  if (next === null) return null;
  const wanted = parseGtidSet(target);
  const unwanted = subtract(archived, wanted);
  const able = replicas.flatMap((replica) => {
    const executed = parseGtidSet(replica.executed);
    const has = union(executed, parseGtidSet(replica.received));
    const passed = !isEmpty(intersect(executed, unwanted));
    return passed || !contains(has, wanted) ? [] : [{ replica, transactions: count(subtract(wanted, executed)) }];
  });
  return able.sort((one, other) => one.transactions - other.transactions)[0] ?? null;
}
