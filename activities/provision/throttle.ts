import { provisioningOf } from '../../workflows/decisions/hosts';
import { type Given, give } from '../../workflows/decisions/provision/throttle';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, serverNamed } from '../deps';

const LOOK_EVERY_MS = 2_000;
const ANSWER_WITHIN = { deadlineMs: 1_500 };

/** What the donor may give, at a rate of so many bytes a second that came of late. Looks no more often than every two seconds. */
export type Throttle = (rate: number) => Promise<Given>;

/**
 * Watches the donor against the primary while data is copied: how long it has been behind what the primary had committed. Where the primary is
 * gone, who takes writes now is watched instead.
 */
export function openThrottle(deps: Deps, cluster: Cluster, donor: string, primary: string): Throttle {
  const policy = provisioningOf(cluster);
  let [lookedAt, head] = [-Infinity, primary];
  let given: Given = give({ donorLagSeconds: 0, primaryWell: true, now: 0, rate: 0 }, policy, { donor, primary });
  let mark: { readonly gtids: string; readonly atMs: number } | null = null;
  const executed = async (name: string): Promise<{ gtids: string; closed: number } | null> => {
    const [row] = await serverNamed(deps, cluster, name)
      .rows<{ gtids: string; closed: number }>(
        'SELECT @@global.gtid_executed AS gtids, @@global.read_only AS closed',
        [],
        ANSWER_WITHIN,
      )
      .catch(() => []);
    return row ?? null;
  };
  /** What the server that takes writes has executed; null = there is none. */
  const committed = async (): Promise<string | null> => {
    const others = cluster.instances.map(({ name }) => name).filter((name) => name !== head);
    const now = await executed(head);
    if (now?.closed === 0) return now.gtids;
    const found = await Promise.all(others.map(async (name) => ({ name, now: await executed(name) })));
    const next = found.find((one) => one.now?.closed === 0);
    if (next) head = next.name;
    return next?.now?.gtids ?? null;
  };
  const contained = async (gtids: string): Promise<boolean> =>
    (await serverNamed(deps, cluster, donor)
      .value('SELECT GTID_SUBSET(?, @@global.gtid_executed)', [gtids], ANSWER_WITHIN)
      .catch(() => 0)) === 1;
  return async (rate) => {
    const nowMs = performance.now();
    if (nowMs - lookedAt < LOOK_EVERY_MS) return given;
    lookedAt = nowMs;
    const gtids = await committed();
    const primaryWell = gtids !== null;
    if (gtids !== null && (mark === null || (await contained(mark.gtids)))) mark = { gtids, atMs: nowMs };
    const donorLagSeconds = donor === head || mark === null ? 0 : (nowMs - mark.atMs) / 1000;
    const facts = { donorLagSeconds, primaryWell, now: given.megabytes, rate: rate / 1e6 };
    given = give(facts, policy, { donor, primary: head });
    return given;
  };
}
