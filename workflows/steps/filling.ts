import { type ProvisionPlan } from '../decisions/provision/decide';
import { type ProvisionSurvey } from '../decisions/provision/facts';
import { type ProvisionOrder } from '../inputs';
import { type Runbook } from './runbook';

/** All that is needed to fill a server. */
export interface Filling extends Copying {
  readonly order: ProvisionOrder;
}

/** What is needed to copy the data of another one. */
export interface Copying {
  readonly book: Runbook;
  readonly order: Pick<ProvisionOrder, 'cluster' | 'instance' | 'donor' | 'strategy'>;
  readonly survey: ProvisionSurvey;
  readonly plan: ProvisionPlan;
}
