import { proxySinks, type Sinks } from '@temporalio/workflow';

/** Something that a run decided, asked, was told or ended with. Values are those of the report. */
export interface Decided {
  readonly what: 'begun' | 'asked' | 'decision' | 'approval' | 'step' | 'ended';
  readonly cluster: string;
  readonly by?: string;
  readonly trigger?: string;
  readonly reason?: string;
  readonly plan?: string;
  readonly outcome?: string;
  readonly text: string;
}

/** A sink leaves nothing in history, costs the run nothing, and is silent in a replay. A workflow task that is tried again may tell twice. */
export interface AuditSinks extends Sinks {
  audit: { decided(event: Decided): void };
}

export const { audit } = proxySinks<AuditSinks>();
