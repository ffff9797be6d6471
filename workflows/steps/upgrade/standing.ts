import { type PlanSummary, type StepRecord } from '../../decisions/report';
import { type Release } from '../../decisions/facts';
import { type Phase } from '../../decisions/upgrading/phases';
import { type UpgradeOrder } from '../../inputs';
import { type Findings } from '../findings';

/** Where an upgrade stands: all that a run which goes on in a new one must know. */
export interface Standing {
  phase: Phase;
  readonly from: Release;
  readonly to: Release;
  /** Names of the inventory; the green one that is to be the primary stands first. */
  green: readonly string[];
  blue: readonly string[];
  /** They are the same servers: mode rolling. */
  readonly inPlace: boolean;
  /** Who takes the writes now, and who did before the switch; the same before it. */
  primary: string;
  oldPrimary: string;
  /** The phase ends then, in milliseconds since 1970. */
  untilMs: number;
  /** How often the primary has moved to the new release. */
  switches: number;
  /** Somebody has agreed to go on without a way back. */
  givenUp: boolean;
}

/** What is carried into the next run. */
export interface Carried {
  readonly standing: Standing;
  readonly found: Pick<Findings, 'evidence' | 'decisions' | 'approvals' | 'left' | 'oldPrimary'> & {
    readonly plan: PlanSummary | null;
  };
  readonly steps: readonly StepRecord[];
  /** ISO 8601, of the first run. */
  readonly startedAt?: string;
}

/** It was written by the run before this one. */
export const carriedBy = ({ standing }: UpgradeOrder): Carried | null => (standing as Carried | undefined) ?? null;
