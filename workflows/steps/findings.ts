import { type PlanSummary, type Rpo, type Rto } from '../decisions/report';

/** What a run gathers for its report, beside the steps. The runbook writes here; the book renders it. */
export interface Findings {
  oldPrimary: string | null;
  newPrimary: string | null;
  plan: PlanSummary | null;
  rto: Rto | null;
  rpo: Rpo | null;
  readonly evidence: string[];
  readonly decisions: string[];
  readonly approvals: string[];
  readonly fenceProofs: string[];
  readonly lostTransactionFiles: string[];
  readonly left: string[];
}

export const noFindings = (): Findings => ({
  oldPrimary: null,
  newPrimary: null,
  plan: null,
  rto: null,
  rpo: null,
  evidence: [],
  decisions: [],
  approvals: [],
  fenceProofs: [],
  lostTransactionFiles: [],
  left: [],
});
