import { CancellationScope } from '@temporalio/workflow';
import { type Answer } from '../../decisions/votes';
import { type PlanSummary } from '../../decisions/report';
import { hashOf } from '../../decisions/plan';
import { showOf } from '../../decisions/shown';
import { costOfGoingBack } from '../../decisions/upgrading/phases';
import { carryOut, type RunEnd } from '../drill-runs';
import { enter, patientOf, primaryNow, type Upgrade } from './run';
import { castOf } from './turn';
import { brokenNow } from './watch';

/** Ask a person; the question closes by itself when somebody wants to go back, or when replication breaks. */
export async function ask(run: Upgrade, text: string, because: readonly string[], shown: Shown): Promise<Answer> {
  const { gate, turn, order, standing } = run;
  const { from, to, primary, green, blue } = standing;
  const plan: PlanSummary = {
    hash: hashOf({ text, from, to, primary, green, blue, switches: standing.switches }),
    ...{ kind: 'upgrade', summary: text, lines: shown.what, risks: [] },
  };
  return gate.ask(patientOf(run), {
    ...{ text, because, plan: plan.hash },
    shown: { ...showOf(plan, shown.mayBeLost, shown.takes), evidence: shown.evidence },
    stillTrue: async () =>
      turn.wish === null && (await brokenNow(run)).length === 0 && (await primaryNow({ order })) === standing.primary,
    pauses: { soonMs: 10_000, laterMs: 900_000 },
  });
}

export interface Shown {
  readonly what: readonly string[];
  readonly evidence: readonly string[];
  readonly mayBeLost: string;
  readonly takes: string;
}

/** The primary moves to the new release, under the cluster's lock and the write-gap budget of every switchover. */
export async function switchTo(run: Upgrade, to: string, agreed: string): Promise<RunEnd> {
  const { order, standing } = run;
  enter(run, 'switch');
  const end = await move(run, to, `Move the primary to ${to}, which runs ${standing.to}`, agreed);
  if (end.outcome !== 'done') return end;
  Object.assign(standing, { primary: to, switches: standing.switches + 1 });
  run.book.found.newPrimary = to;
  run.book.found.decisions.push(
    `${to} is the primary; going back from here on: ${costOfGoingBack('keep', castOf(order.cluster, standing))}`,
  );
  return end;
}

/** The old release takes the writes again, with all that was written since. True when it does. */
export async function goBack(run: Upgrade): Promise<boolean> {
  const { book, standing, turn } = run;
  const { primary, oldPrimary } = standing;
  const who = turn.wish?.who ?? 'somebody';
  book.phase('go back', `${oldPrimary} becomes the primary again: ${who}`);
  const end = await CancellationScope.nonCancellable(() =>
    move(run, oldPrimary, `Move the primary back to ${oldPrimary}, which runs ${standing.from}`, who),
  );
  if (end.outcome !== 'done') {
    book.found.left.push(`${primary} is the primary still: ${end.headline}`);
    return false;
  }
  standing.primary = oldPrimary;
  book.found.newPrimary = oldPrimary;
  book.found.decisions.push(`${who} went back: ${oldPrimary} has everything that was written on ${primary}`);
  return true;
}

async function move(run: Upgrade, to: string, title: string, agreed: string): Promise<RunEnd> {
  const { book, order } = run;
  await book.handOver();
  try {
    return await carryOut(book, title, 'plannedSwitchover', {
      ...{ cluster: order.cluster, to, writeGapMs: order.writeGapMs },
      ...{ requestedBy: order.requestedBy, trigger: order.trigger, reason: `upgrade ${book.run}` },
      across: { agreed: agreed || order.requestedBy },
    });
  } finally {
    await book.takeBack();
  }
}
