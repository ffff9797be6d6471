import { type DrillSurvey } from '../../activities';
import { type Assertion } from '../decisions/drill';
import { type DrillMode, type DrillPolicy } from '../decisions/drill-policy';
import { type PlanSummary } from '../decisions/report';
import { type DrillOrder } from '../inputs';
import { type Runbook } from './runbook';

/** A drill of a cluster that is known. */
export type Drilling = DrillOrder & { readonly cluster: string };

/** What may begin. */
export interface Allowed {
  readonly seen: DrillSurvey & { readonly primary: string };
  readonly mode: DrillMode;
  readonly candidate: string;
  readonly plan: PlanSummary;
}

/** All that the parts of a drill need. */
export interface Rehearsal {
  readonly book: Runbook;
  readonly order: Drilling;
  readonly allowed: Allowed;
  readonly policy: DrillPolicy;
  /** What was asserted up to now. */
  readonly assertions: Assertion[];
}
