import { approvalsOf } from './decisions/approvals';
import { tellRead } from './decisions/facts';
import { provisioningOf } from './decisions/hosts';
import { hashOf, tellRisk } from './decisions/plan';
import { decideProvision, type ProvisionDecision, summariseProvision } from './decisions/provision/decide';
import { type ProvisionSurvey } from './decisions/provision/facts';
import { type RunbookReport } from './decisions/report';
import { showOf } from './decisions/shown';
import { parseInput, type ProvisionOrder, provisionOrder } from './inputs';
import { copying } from './steps/activities';
import { comeBackFirst } from './steps/come-back';
import { openGate } from './steps/approval';
import { unlessCalledOff } from './steps/call-off';
import { type Consent, openConsent } from './steps/consent';
import { keep } from './steps/keep';
import { asProvisionOf, isProvisionOf } from './steps/lock';
import { refusal } from './steps/preflight';
import { fill } from './steps/provision';
import { openRunbook, type Runbook } from './steps/runbook';

const form = { workflow: 'provisionReplica', example: { cluster: 'orders', instance: 'db4' } };

/**
 * Redundancy comes back: a server is filled from a replica, follows the primary, is compared with its donor, and gets reads. Paper:
 * docs/runbooks/provision-replica.md, whose step names are used here. It holds an id of its own; the cluster's lock is held only while the
 * new replica is pointed at the primary.
 */
export async function provisionReplica(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(provisionOrder, input, form);
  const { cluster, instance } = order;
  if (!order.dryRun && !isProvisionOf(cluster, instance)) return asProvisionOf(cluster, instance, order);

  const book = openRunbook('provisionReplica', order);
  const consent = openConsent(book, openGate(book, order.requestedBy));
  return unlessCalledOff(book, () =>
    order.trigger === 'failover' ? giveBack(book, consent, order) : provision(book, consent, order),
  );
}

/** After a failover, by policy: the server that it took rejoins, or is filled anew where it cannot. */
async function giveBack(book: Runbook, consent: Consent, order: ProvisionOrder): Promise<RunbookReport> {
  const { cluster: name, instance } = order;
  const { cluster } = await copying.surveyProvision({ cluster: name });
  book.admit(approvalsOf(cluster).people);
  if (provisioningOf(cluster).afterFailover === 'ask') {
    const summary = `bring ${instance} of ${name} back, which a failover took`;
    const lines = [`${instance} is started and rejoins`, `where it cannot, it is filled anew from a replica`];
    const plan = { hash: hashOf({ kind: 'give back', instance }), kind: 'give back', summary, lines, risks: [] };
    book.found.plan = plan;
    const agreed = await consent({
      ...{ cluster, plan, risks: ['the policy of this cluster is to ask before redundancy is given back'] },
      shown: showOf(plan, 'nothing', 'clients do not wait'),
      stillTrue: () => Promise.resolve(true),
    });
    if (agreed !== 'go on' && agreed !== 'look again')
      return keep(book.close('rejected', `Not approved, nothing was changed: ${agreed.because}`));
  }
  const against = await comeBackFirst(book, cluster, order);
  if (against === null) return keep(book.close('done', `${instance} is back: it has rejoined`));
  book.found.decisions.push(`${instance} cannot just rejoin: ${against}`);
  return provision(book, consent, order);
}

async function provision(book: Runbook, consent: Consent, order: ProvisionOrder): Promise<RunbookReport> {
  book.phase('preflight', `${order.instance} is to be filled: everything is looked at before anything is dropped`);
  const survey = await book.step(
    'Preflight: may it be filled, from whom, and how?',
    () => copying.surveyProvision({ cluster: order.cluster }),
    ({ snapshot }) => tellRead(snapshot),
  );
  book.admit(approvalsOf(survey.cluster).people);
  const decision = judge(order, survey);
  book.found.decisions.push(decision.because);
  if (decision.act === 'stand down')
    return keep(book.close('stood down', `Stood down, nothing was changed: ${decision.because}`));
  if (decision.act === 'refuse') {
    const { outcome, headline } = refusal(book, decision.refusals);
    return keep(book.close(outcome, headline));
  }
  const { plan } = decision;
  book.found.plan = summariseProvision(plan);
  book.found.oldPrimary = plan.primary;
  if (order.dryRun) return keep(book.close('planned', book.found.plan.summary));
  const agreed = await consent({
    cluster: survey.cluster,
    plan: book.found.plan,
    risks: plan.risks.map(tellRisk),
    shown: showOf(
      book.found.plan,
      plan.extra === '' ? `nothing that nobody else has` : `${plan.extra}, but for a file of it`,
      'as long as copying takes; clients do not wait',
    ),
    stillTrue: async () => {
      const now = judge(order, await copying.surveyProvision({ cluster: order.cluster }));
      return now.act === 'provision' && now.plan.hash === plan.hash;
    },
  });
  if (agreed === 'look again') return provision(book, consent, order);
  if (agreed !== 'go on') return keep(book.close('rejected', `Not approved, nothing was changed: ${agreed.because}`));
  return keep(await fill({ book, order, survey, plan }));
}

const judge = (order: ProvisionOrder, survey: ProvisionSurvey): ProvisionDecision =>
  decideProvision({
    survey,
    instance: order.instance,
    donor: order.donor ?? null,
    strategy: order.strategy ?? null,
    rebuild: order.rebuild,
    extras: order.extras,
    without: [],
  });
