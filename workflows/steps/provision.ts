import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { type Copied } from '../../activities';
import { readable } from '../decisions/facts';
import { bytes } from '../decisions/progress';
import { decideProvision, type ProvisionPlan } from '../decisions/provision/decide';
import { type ProvisionSurvey } from '../decisions/provision/facts';
import { planFiles } from '../decisions/provision/physical';
import { type RunbookReport } from '../decisions/report';
import { copying, tidy } from './activities';
import { byWhom } from './call-off';
import { join } from './provision-join';
import { type Copying, type Filling } from './filling';
import { firm } from './return';
import { failureCode, failureWords, type Runbook } from './runbook';

const AGAIN = 'start provisionReplica again: it begins anew where the copy was not complete, and goes on where it was';

/** From the first change to the report. A copy that fails is tried again from another donor. */
export async function fill(filling: Filling): Promise<RunbookReport> {
  const { book, order } = filling;
  const { instance } = order;
  const touched = { data: false };
  try {
    await keepExtras(filling);
    await keepReadsAway(filling);
    const plan = await copyFromAny(filling, touched, ({ strategy, donor }) =>
      book.phase('copy', `${instance} is filled by ${strategy} from ${donor}`),
    );
    return await join(filling, plan);
  } catch (error) {
    return CancellationScope.nonCancellable(() => {
      book.found.left.push(AGAIN);
      const state = touched.data ? `${instance} is not to be used` : `${instance} is as it was, and closed`;
      return Promise.resolve(
        isCancellation(error)
          ? book.close('failed', `Called off${byWhom(book)}: ${state}`)
          : book.close('failed', `${instance} is no replica yet: ${failureWords(error)}`),
      );
    });
  }
}

async function keepExtras({ book, order, survey, plan }: Filling): Promise<void> {
  if (plan.extra === '') return;
  const file = await firm(
    book,
    `Copy what ${order.instance} alone has to a file`,
    () => tidy.copyExtras({ cluster: survey.cluster, instance: order.instance, extra: plan.extra }),
    (path) => path,
  );
  book.found.lostTransactionFiles.push(file);
}

async function keepReadsAway({ book, order, survey, plan }: Filling): Promise<void> {
  const { instance } = order;
  if (!survey.routers.some(({ readers = [] }) => readers.includes(instance))) return;
  await book.step(
    `Keep reads away from ${instance}`,
    () => tidy.routeReads({ cluster: survey.cluster, primary: plan.primary, without: [instance] }),
    ({ because }) => because,
  );
}

/** Returns the plan by which it was filled. Throws what the last one failed with when none is left. `begins` is told of each. */
export async function copyFromAny(
  filling: Copying,
  touched: { data: boolean },
  begins: (plan: ProvisionPlan) => void,
): Promise<ProvisionPlan> {
  const { book, order } = filling;
  const failed: string[] = [];
  let { survey, plan } = filling;
  for (;;) {
    begins(plan);
    try {
      await copyOnce(book, survey, plan, touched);
      return plan;
    } catch (error) {
      if (isCancellation(error) || failureCode(error) !== 'COPY_FAILED') throw error;
      failed.push(plan.donor);
      book.found.decisions.push(failureWords(error));
      survey = await book.step(
        'Look for another donor',
        () => copying.surveyProvision({ cluster: order.cluster }),
        () => `not ${failed.join(', ')}`,
      );
      const next = decideProvision({
        ...{ survey, instance: order.instance, donor: order.donor ?? null, strategy: order.strategy ?? null },
        // What it had is gone, and was agreed to.
        ...{ rebuild: true, extras: 'ask', without: failed },
      });
      book.found.decisions.push(next.because);
      if (next.act !== 'provision') throw error;
      // Nobody has agreed to this donor.
      if (next.plan.risks.some(({ code }) => !plan.risks.some((known) => known.code === code))) throw error;
      plan = next.plan;
    }
  }
}

async function copyOnce(
  book: Runbook,
  { cluster, snapshot, copies }: ProvisionSurvey,
  { instance, donor, primary, strategy, backup }: ProvisionPlan,
  touched: { data: boolean },
): Promise<void> {
  const { since } = await firm(
    book,
    `Make ${instance} ready to be filled`,
    () => copying.openRecipient({ cluster, instance }),
    () => 'it copies from nobody and is closed to clients',
  );
  touched.data = true;
  await firm(
    book,
    `Fill ${instance} by ${strategy} from ${donor}`,
    () => {
      if (backup !== null) {
        const { serverId = 0 } = readable(snapshot.members).find(({ name }) => name === instance) ?? {};
        return copying.fillFromBackup({ cluster, instance, backup, primary, serverId });
      }
      const order = { cluster, instance, donor, primary, since };
      if (strategy === 'physical')
        return copying.fillWithFiles({ ...order, ...planFiles({ copies }, donor, instance) });
      return copying[strategy === 'clone' ? 'cloneFrom' : 'dumpInto'](order);
    },
    tellCopied,
  );
  await firm(
    book,
    `Close ${instance}, forget the donor's channel`,
    () => copying.settleCopy({ cluster, instance, donor: backup === null ? donor : primary }),
    ({ gtids }) => `it stands at ${gtids}`,
  );
}

const tellCopied = ({ bytes: size, seconds, notes }: Copied): string =>
  [`${bytes(size)} in ${seconds} s`, ...notes].join('; ');
