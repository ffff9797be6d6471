import { type ProvisionPlan } from '../decisions/provision/decide';
import { type ProvisionSurvey } from '../decisions/provision/facts';
import { type ProvisionOrder } from '../inputs';
import { type Runbook } from './runbook';

/** All that is needed to fill a server. */
export interface Filling {
  readonly book: Runbook;
  readonly order: ProvisionOrder;
  readonly survey: ProvisionSurvey;
  readonly plan: ProvisionPlan;
}
