import { hashOf } from '../../decisions/plan';
import { showOf } from '../../decisions/shown';
import { type Answer } from '../../decisions/votes';
import { patientOf, type Upgrade } from './run';

/** Something that stands in the way of an upgrade, and that may go by itself. */
export interface Doubt {
  readonly text: string;
  readonly because: readonly string[];
  readonly mayBeLost: string;
  readonly takes: string;
  /** False = it has gone, and the question closes. */
  readonly stillTrue: () => Promise<boolean>;
}

/** Asked at once, on every channel. */
export function askAbout(run: Upgrade, { text, because, mayBeLost, takes, stillTrue }: Doubt): Promise<Answer> {
  const plan = { hash: hashOf({ text, because }), kind: 'upgrade', summary: text, lines: [], risks: because };
  return run.gate.ask(patientOf(run), {
    ...{ text, because, shown: showOf(plan, mayBeLost, takes), plan: plan.hash, stillTrue },
    pauses: { soonMs: 2_000, laterMs: 30_000 },
  });
}

/** Who calls an upgrade off by this answer; nobody's silence has a name. */
export const whoSaid = ({ by, reason }: Answer): string => (by ? `${by}: ${reason}` : reason);
