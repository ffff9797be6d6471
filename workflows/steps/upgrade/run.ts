import { type Cluster } from '../../decisions/cluster';
import { type Preview } from '../../../activities';
import { tellRead } from '../../decisions/facts';
import { primaryOf } from '../../decisions/topology';
import { whatItDoes, type Phase } from '../../decisions/upgrading/phases';
import { type UpgradeOrder } from '../../inputs';
import { survey } from '../activities';
import { type Gate } from '../approval';
import { type Runbook } from '../runbook';
import { type Standing } from './standing';
import { castOf, type Turn } from './turn';

/** All that the parts of an upgrade need. */
export interface Upgrade {
  readonly book: Runbook;
  readonly gate: Gate;
  readonly turn: Turn;
  readonly order: UpgradeOrder;
  readonly cluster: Cluster;
  readonly standing: Standing;
  /** Green servers that are filled by a copy before they follow. */
  readonly toCopy: readonly string[];
}

export function enter({ book, order, standing }: Upgrade, phase: Phase): void {
  standing.phase = phase;
  book.phase(phase, whatItDoes(phase, castOf(order.cluster, standing)));
}

export const lookAtAll = (book: Runbook, order: UpgradeOrder, title: string): Promise<Preview> =>
  book.step(
    title,
    () => survey.previewCluster({ cluster: order.cluster }),
    ({ snapshot }) => tellRead(snapshot),
  );

/** Who takes the writes by now: a failover in the middle of an upgrade is nothing special. Null = nobody can tell. */
export async function primaryNow({ order }: Pick<Upgrade, 'order'>): Promise<string | null> {
  const seen = await survey.previewCluster({ cluster: order.cluster }).catch(() => null);
  return seen && primaryOf(seen.snapshot, seen.cluster).primary;
}

/** A question of an upgrade is open for days, whatever a failover's may be. */
export const patientOf = ({ cluster, order }: Pick<Upgrade, 'cluster' | 'order'>): Cluster => ({
  ...cluster,
  failover: { ...cluster.failover, approvalMinutes: order.answerHours * 60 },
});

export const hoursFromNow = (hours: number): number => Date.now() + hours * 3_600_000;
