import { type FenceFindings } from '../decisions/fence';
import { judgeAbsence } from '../decisions/unreachable';
import { emergency } from './activities';
import { insist } from './insist';
import { type Mandate } from './mandate';

/**
 * Behind the fence: may writes open although routers could not be reached? Returns what is known of the fence then; null = a person had the
 * run stopped.
 */
export async function goOnWithoutRouters(given: Mandate, findings: FenceFindings): Promise<FenceFindings | null> {
  const { book, gate, sight, plan } = given;
  const { cluster } = sight;
  const { mustFence, ask } = judgeAbsence(cluster, plan, findings);
  if (mustFence.length > 0) {
    const names = mustFence.join(', ');
    const tried = [findings.superReadOnly.because, ...(findings.command ? [findings.command.because] : [])];
    const answer = await gate.askMidway(cluster, plan.hash, `Fence ${plan.oldPrimary} once more?`, [
      `router ${names} cannot be reached and may lead clients to ${plan.oldPrimary}, which is not fenced itself (${tried.join('; ')}): make it super_read_only, or mend its fence command (invariant 1)`,
      'approve: set super_read_only and run its fence command again; reject: stop here, with writes closed',
    ]);
    if (answer.verdict !== 'approved') return null;
    const itself = await insist({ gate, sight, plan }, () =>
      book.step(
        `Fence ${plan.oldPrimary}`,
        () => emergency.fenceServer({ cluster, oldPrimary: plan.oldPrimary, answered: true }),
        ({ superReadOnly, command }) =>
          `super_read_only: ${superReadOnly.because}${command ? `; fence command: ${command.because}` : ''}`,
      ),
    );
    return itself && goOnWithoutRouters(given, { ...findings, ...itself });
  }
  if (ask.length === 0) return findings;
  const answer = await gate.askMidway(
    cluster,
    plan.hash,
    'Open writes without these routers?',
    ask.map(({ sentence }) => sentence),
  );
  return answer.verdict === 'approved' ? findings : null;
}
