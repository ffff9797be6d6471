import { type RunbookReport, type StepRecord } from '../../workflows/decisions/report';
import { type Story } from '../../workflows/decisions/story';

const BEGIN = Date.parse('2026-11-21T03:00:00Z');

export const step = (
  phase: string,
  title: string,
  atMs: number,
  durationMs: number | null,
  more: Partial<StepRecord> = {},
): StepRecord => ({
  ...{ phase, title, durationMs, state: 'done', detail: '', parts: [] },
  startedAt: new Date(BEGIN + atMs).toISOString(),
  ...more,
});

/** A failover of 4 s with a person's 3 minutes in it. */
export const reportOf = (change: Partial<RunbookReport> = {}): RunbookReport => ({
  ...{ runbook: 'emergencyFailover', cluster: 'orders', run: 'r1', outcome: 'done' },
  headline: 'db2 takes writes',
  ...{ startedBy: 'ana', trigger: 'person', reason: '' },
  startedAt: new Date(BEGIN).toISOString(),
  endedAt: new Date(BEGIN + 186_000).toISOString(),
  ...{ oldPrimary: 'db1', newPrimary: 'db2', evidence: [], decisions: [], plan: null, approvals: [], fenceProofs: [] },
  steps: [
    step('look', 'Look at the primary', 20, 410),
    step('fence', 'Fence the old primary', 182_300, 640),
    step('promote', 'Promote the candidate', 183_000, 85),
    step('tidy', 'Repoint db3', 183_600, 2_400, { state: 'failed' }),
  ],
  rto: { totalMs: 184_400, from: '', to: new Date(BEGIN + 183_480).toISOString(), because: '' },
  rpo: null,
  ...{ lostTransactionFiles: [], left: [] },
  ...change,
});

/** What a story has beside its report. */
export const aRun = {
  phases: [],
  questions: [],
  waits: false,
  paused: false,
  controlled: [],
  brokeOff: null,
  workflowId: 'cluster/orders/change',
} satisfies Partial<Story>;
