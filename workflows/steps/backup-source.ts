import { CancellationScope } from '@temporalio/workflow';
import { approvalsOf } from '../decisions/approvals';
import { chooseSource, type SourceChoice } from '../decisions/backups/source';
import { type Cluster } from '../decisions/cluster';
import { tellRead } from '../decisions/facts';
import { primaryOf } from '../decisions/topology';
import { type Refusal } from '../decisions/refusal';
import { type RunbookReport } from '../decisions/report';
import { survey, tidy } from './activities';
import { refusal } from './preflight';
import { type Runbook } from './runbook';

/** Look at the cluster and choose whom to copy. Changes nothing. */
async function findSource(
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

/** A server that can be copied, and whether clients wait while it stands still. */
export interface Hold {
  readonly cluster: Cluster;
  readonly source: string;
  readonly isPrimary: boolean;
}

/** `because`: why this one. */
export type Found = { readonly hold: Hold; readonly because: string } | { readonly refused: RunbookReport };

/** As findSource; where there are no backups, nobody can be copied, or something stands `against` it, the run is refused with all of it. */
export async function findHold(
  book: Runbook,
  order: { readonly cluster: string; readonly from?: string | undefined },
  against: (hold: Hold) => readonly Refusal[] = () => [],
): Promise<Found> {
  const { cluster, choice } = await findSource(book, order);
  const { source, isPrimary, because } = choice;
  const refusals = [
    ...(cluster.backups ? [] : [noBackups(cluster)]),
    ...(source === null ? [{ sentence: because, cure: choice.cure }] : against({ cluster, source, isPrimary })),
  ];
  if (refusals.length === 0 && source !== null) return { hold: { cluster, source, isPrimary }, because };
  const { outcome, headline } = refusal(book, refusals);
  return { refused: book.close(outcome, headline) };
}

const noBackups = (cluster: Cluster) => ({
  sentence: `the inventory says nothing of backups of ${cluster.name}`,
  cure: `write clusters.${cluster.name}.backups: { store: { kind: folder, path: /backups } }`,
});

/** Whatever `work` stops, is started again, also when it has failed for good or was called off. */
export const thenLetGoOn = <Result>(book: Runbook, hold: Hold, work: Promise<Result>): Promise<Result> =>
  work.catch(async (error: unknown) => {
    await CancellationScope.nonCancellable(() => tidy.letGoOn(hold)).catch(() =>
      book.found.left.push(`look whether ${hold.source} applies: it could not be asked`),
    );
    throw error;
  });
