import { approvalsOf } from '../decisions/approvals';
import { type Cluster } from '../decisions/cluster';
import { type PlanSummary } from '../decisions/report';
import { type Shown } from '../decisions/question';
import { type Gate } from './approval';
import { type Runbook } from './runbook';

export interface Proposal {
  readonly cluster: Cluster;
  readonly plan: PlanSummary;
  /** What a person has to agree to, whatever the policy says; nobody's silence does. */
  readonly risks: readonly string[];
  readonly shown: Shown;
  /** Is it still this plan? */
  readonly stillTrue: () => Promise<boolean>;
}

export type Consent = (proposal: Proposal) => Promise<'go on' | 'look again' | { readonly because: string }>;

/**
 * Asks before a planned change where the policy or a risk says so. The plan that was approved is the plan that runs (invariant 9): after a yes
 * everything is looked at again, and only the plan that was agreed to goes on; another one is asked for.
 */
export function openConsent(book: Runbook, gate: Gate): Consent {
  let agreedTo: string | null = null;
  return async ({ cluster, plan, risks, shown, stillTrue }) => {
    const mustAsk = risks.length > 0 || approvalsOf(cluster).planned !== 'go';
    if (!mustAsk || plan.hash === agreedTo) return 'go on';
    if (agreedTo !== null)
      book.found.approvals.push(
        `the facts changed while plan ${agreedTo.slice(0, 12)} was open: its approval is void, plan ${plan.hash.slice(0, 12)} takes its place`,
      );
    book.phase('approval', `${plan.summary}: waiting for approval`);
    const because = risks.length > 0 ? risks : ['the policy of this cluster is to ask before planned changes'];
    const asked = {
      text: `${plan.summary}?`,
      because,
      shown,
      plan: plan.hash,
      mayProceed: risks.length === 0,
      stillTrue,
    };
    const answer = await gate.ask(cluster, asked);
    if (answer.verdict === 'rejected') return { because: `${answer.by} rejected it: ${answer.reason}` };
    if (answer.verdict === 'expired') return { because: answer.reason };
    agreedTo = answer.verdict === 'overtaken' ? null : plan.hash;
    return 'look again';
  };
}
