import { approvalsOf } from '../decisions/approvals';
import { chooseSource, type SourceChoice } from '../decisions/backups/source';
import { type Cluster } from '../decisions/cluster';
import { tellRead } from '../decisions/facts';
import { primaryOf } from '../decisions/topology';
import { survey } from './activities';
import { type Runbook } from './runbook';

/** Look at the cluster and choose whom to copy. Changes nothing. */
export async function findSource(
  book: Runbook,
  order: { readonly cluster: string; readonly from?: string | undefined },
): Promise<{ readonly cluster: Cluster; readonly choice: SourceChoice }> {
  const { cluster, snapshot } = await book.step(
    'Look at every member',
    () => survey.previewCluster({ cluster: order.cluster }),
    (seen) => tellRead(seen.snapshot),
  );
  book.admit(approvalsOf(cluster).people);
  const { primary } = primaryOf(snapshot, cluster);
  const choice = chooseSource({ cluster, snapshot, primary, from: order.from ?? null });
  book.found.oldPrimary = primary;
  book.found.decisions.push(choice.because);
  return { cluster, choice };
}
