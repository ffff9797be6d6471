import { ApplicationFailure } from '@temporalio/common';
import { tellRead } from '../../decisions/facts';
import { hashOf, tellRisk } from '../../decisions/plan';
import { decideProvision, type ProvisionDecision } from '../../decisions/provision/decide';
import { type ProvisionSurvey } from '../../decisions/provision/facts';
import { type Refusal } from '../../decisions/refusal';
import { type PlanSummary } from '../../decisions/report';
import { copying } from '../activities';
import { copyFromAny } from '../provision';
import { type Upgrade } from './run';

type Subject = Pick<Upgrade, 'book' | 'order'>;

const survey = ({ book, order }: Subject, title: string): Promise<ProvisionSurvey> =>
  book.step(
    title,
    () => copying.surveyProvision({ cluster: order.cluster }),
    ({ snapshot }) => tellRead(snapshot),
  );

const decide = (seen: ProvisionSurvey, instance: string): ProvisionDecision =>
  decideProvision({
    // CLONE does not cross releases.
    ...{ survey: seen, instance, donor: null, strategy: 'logical' },
    ...{ rebuild: true, extras: 'refuse', without: [] },
  });

/** The plan with how each of these servers is filled and what that risks, or all that stands against it. */
export async function planCopies(
  subject: Subject,
  names: readonly string[],
  plan: PlanSummary,
): Promise<{ readonly refusals: readonly Refusal[]; readonly plan: PlanSummary }> {
  if (names.length === 0) return { refusals: [], plan };
  const seen = await survey(subject, `Look who may give its data to ${names.join(', ')}`);
  const decisions = names.map((name) => decide(seen, name));
  const refusals = decisions.flatMap((one) => (one.act === 'refuse' ? one.refusals : []));
  const risks = decisions.flatMap((one) => (one.act === 'provision' ? one.plan.risks.map(tellRisk) : []));
  const lines = decisions.map(({ because }) => because);
  const all = [...plan.risks, ...risks];
  return {
    refusals,
    plan: { ...plan, hash: hashOf({ plan: plan.hash, risks }), lines: [...plan.lines, ...lines], risks: all },
  };
}

/** A green server gets the data of another member. Throws COPY_FAILED where nobody can give it by now. */
export async function copyInto(run: Upgrade, instance: string): Promise<void> {
  const { book, order } = run;
  const seen = await survey(run, `Look who gives its data to ${instance}`);
  const decision = decide(seen, instance);
  book.found.decisions.push(decision.because);
  if (decision.act !== 'provision') throw ApplicationFailure.nonRetryable(decision.because, 'COPY_FAILED');
  const touched = { data: false };
  try {
    await copyFromAny(
      { book, order: { cluster: order.cluster, instance }, survey: seen, plan: decision.plan },
      touched,
      () => undefined,
    );
  } catch (error) {
    if (touched.data)
      book.found.left.push(
        `${instance} may hold half of a copy: start upgradeCluster again, which asks whether that may be dropped`,
      );
    throw error;
  }
}
