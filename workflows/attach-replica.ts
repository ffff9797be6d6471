import { CancellationScope } from '@temporalio/workflow';
import { decideRejoin, presentPrimary } from './decisions/rejoin';
import { tellRead } from './decisions/facts';
import { type RunbookReport } from './decisions/report';
import { attachOrder, parseInput } from './inputs';
import { survey, tidy } from './steps/activities';
import { holdsLock, underLock } from './steps/lock';
import { failureWords, openRunbook } from './steps/runbook';

const form = { workflow: 'attachReplica', example: { cluster: 'orders', instance: 'db4' } };

/**
 * The moment of change of a provisioning, under the cluster's lock: a server that has nothing of its own is closed for good and pointed at
 * whoever is the primary now. Seconds; catching up needs no lock. Started by provisionReplica, which tells of it.
 */
export async function attachReplica(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(attachOrder, input, form);
  const { cluster: name, instance } = order;
  if (!holdsLock(name)) return underLock('attachReplica', name, order);

  const book = openRunbook('attachReplica', { ...order, dryRun: true });
  return CancellationScope.nonCancellable(async () => {
    const seen = await book.step(
      'Look who is the primary now',
      () => survey.previewCluster({ cluster: name }),
      ({ snapshot }) => tellRead(snapshot),
    );
    const decision = decideRejoin({ ...seen, instance });
    book.found.newPrimary = presentPrimary(seen.cluster, seen.snapshot)?.name ?? null;
    book.found.decisions.push(decision.because);
    if (decision.act === 'stand down') return book.close('stood down', decision.because);
    if (decision.act !== 'follow') return book.close('refused', decision.because);
    const { primary } = decision;
    const { cluster } = seen;
    try {
      await book.step(
        `Make ${instance} read-only for good`,
        () => tidy.closeForGood({ cluster, instance, primary }),
        ({ because }) => because,
      );
      await book.step(
        `Repoint ${instance} to ${primary}`,
        () => tidy.repointReplica({ cluster, replica: instance, source: primary }),
        () => 'follows by auto-position',
      );
    } catch (error) {
      return book.close('failed', `${instance} does not follow: ${failureWords(error)}`);
    }
    return book.close('done', `${instance} follows ${primary}`);
  });
}
