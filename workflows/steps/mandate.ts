import { type Sight } from '../../activities';
import { type FailoverPlan } from '../decisions/plan';
import { type FailoverOrder } from '../inputs';
import { type Gate } from './approval';
import { type Runbook } from './runbook';

/** What was agreed to, and all that is needed to carry it out. */
export interface Mandate {
  readonly book: Runbook;
  readonly gate: Gate;
  readonly order: FailoverOrder;
  readonly sight: Sight;
  readonly plan: FailoverPlan;
  /** A human has approved this plan with its risks. */
  readonly approved: boolean;
}
