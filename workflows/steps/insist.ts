import { type Mandate } from './mandate';
import { failureWords } from './runbook';

export type Insisting = Pick<Mandate, 'gate' | 'sight' | 'plan'>;

/**
 * Behind the fence an error of a step ends nothing (a secret that cannot be had, an inventory that was just edited): a human mends
 * what it names and has it tried again. null = they had it stopped.
 */
export async function insist<Result>(
  { gate, sight, plan }: Insisting,
  work: () => Promise<Result>,
): Promise<Result | null> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const answer = await gate.askMidway(sight.cluster, plan.hash, `${failureWords(error)} Try again?`, [
        'approve: try this step again; reject: go on without it where that can be, else stop with writes closed',
      ]);
      if (answer.verdict !== 'approved') return null;
    }
  }
}
