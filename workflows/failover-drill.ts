import { CancellationScope } from '@temporalio/workflow';
import { type DrillSurvey } from '../activities';
import { approvalsOf } from './decisions/approvals';
import { iso } from './decisions/appointment';
import { byLongestAgo, whyNoDrill } from './decisions/drill';
import { type DrillMode } from './decisions/drill-policy';
import { readable, tellRead } from './decisions/facts';
import { type PlanSummary, type RunbookReport } from './decisions/report';
import { hashOf } from './decisions/plan';
import { showOf } from './decisions/shown';
import { type Refusal } from './decisions/refusal';
import { decideSwitchover } from './decisions/switchover';
import { underWayOn } from './decisions/under-way';
import { drillOrder, type DrillOrder, parseInput } from './inputs';
import { drillId } from './messages';
import { drill } from './steps/activities';
import { openGate } from './steps/approval';
import { unlessCalledOff } from './steps/call-off';
import { type Consent, openConsent } from './steps/consent';
import { keep } from './steps/keep';
import { asDrillOf, isDrillOf } from './steps/lock';
import { refusal } from './steps/preflight';
import { type Allowed, type Drilling } from './steps/rehearsal';
import { openRunbook, type Runbook } from './steps/runbook';
import { thereAndBack } from './steps/there-and-back';

const form = { workflow: 'failoverDrill', example: { cluster: 'orders' } };

/**
 * A failover, rehearsed and measured. Paper: docs/runbooks/failover-drill.md, whose step names are used here. The first state is put back;
 * an objective that was missed is a failed run. It holds an id of its own and not the cluster's lock, which the failover needs.
 */
export async function failoverDrill(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(drillOrder, input, form);
  if (order.cluster === undefined) return chooseAndDrill(order);
  const { cluster } = order;
  if (!order.dryRun && !isDrillOf(cluster)) return asDrillOf(cluster, order);

  const book = openRunbook('failoverDrill', { ...order, cluster });
  const consent = openConsent(book, openGate(book, order.requestedBy));
  return unlessCalledOff(book, () => rehearse(book, consent, { ...order, cluster }));
}

/** By policy: the cluster whose last drill is longest ago, of those that may be drilled now. One that never may would keep the others waiting. */
async function chooseAndDrill(order: DrillOrder): Promise<RunbookReport> {
  // Whoever is told is told of the drill of the cluster, once.
  const book = openRunbook('failoverDrill', { ...order, cluster: 'fleet', dryRun: true });
  const { candidates, leftOut } = await book.step(
    'Choose the cluster whose last drill is longest ago',
    () => drill.drillCandidates(),
    (found) => found.candidates.map(({ cluster, last }) => `${cluster}: ${last ?? 'never'}`).join('; '),
  );
  book.found.left.push(...leftOut.map((sentence) => `left out of the choice: ${sentence}`));
  for (const { cluster, last } of byLongestAgo(candidates)) {
    book.phase('begin', `${cluster} is to be drilled; its last drill: ${last ?? 'never'}`);
    await book.handOver();
    const report = await asDrillOf<RunbookReport>(cluster, { ...order, cluster });
    if (report.outcome !== 'refused') {
      book.close(report.outcome, report.headline);
      return report;
    }
    await book.takeBack();
    book.found.left.push(`${cluster}: ${report.headline}`);
  }
  return keep(
    candidates.length > 0
      ? book.close(
          'refused',
          `Refused, nothing was changed: no cluster may be drilled now. ${book.found.left.join('; ')}`,
        )
      : book.close(
          'stood down',
          'Stood down, nothing was changed: no cluster has a drill in the inventory, or none can be asked',
        ),
  );
}

async function rehearse(book: Runbook, consent: Consent, order: Drilling): Promise<RunbookReport> {
  const first = await preflight(book, order, 'Preflight: may this cluster be drilled now?');
  if ('refusals' in first) return refuse(book, first.refusals);
  const { plan, seen } = first;
  book.found.plan = plan;
  book.found.oldPrimary = seen.primary;
  if (order.dryRun) return keep(book.close('planned', plan.summary));
  if (first.mode === 'kill') {
    const shown = showOf(plan, 'what no replica has received when the primary dies', 'until the failover is through');
    const stillTrue = async () => hashOfNow(order, await drill.surveyDrill({ cluster: order.cluster })) === plan.hash;
    const agreed = await consent({ cluster: seen.cluster, plan, risks: [], shown, stillTrue });
    if (agreed === 'look again') return rehearse(book, consent, order);
    if (agreed !== 'go on') return keep(book.close('rejected', `Not approved, nothing was changed: ${agreed.because}`));
  }

  const beginsMs = Date.now() + (seen.cluster.drill?.announceSeconds ?? 0) * 1_000;
  book.phase(
    'announce',
    `a drill: ${plan.summary}, at ${iso(beginsMs)}; call it off: runbook cancel ${drillId(order.cluster)}`,
  );
  await book.rest(beginsMs);

  const again = await preflight(book, order, 'Preflight: is it still so?');
  if ('refusals' in again) return refuse(book, again.refusals);
  if (again.plan.hash !== plan.hash)
    return refuse(book, [
      {
        sentence: `it is another drill than the one that was announced: ${again.plan.summary}`,
        cure: 'start it again',
      },
    ]);
  await book.handOver();
  return CancellationScope.nonCancellable(async () => keep(await thereAndBack(book, order, again)));
}

async function preflight(
  book: Runbook,
  order: Drilling,
  title: string,
): Promise<Allowed | { readonly refusals: readonly Refusal[] }> {
  book.phase('preflight', `${order.cluster} is looked at from all sides`);
  const seen = await book.step(
    title,
    () => drill.surveyDrill({ cluster: order.cluster }),
    ({ snapshot }) => tellRead(snapshot),
  );
  book.admit(approvalsOf(seen.cluster).people);
  const judged = judge(order, seen);
  if ('refusals' in judged) book.found.decisions.push(...judged.refusals.map(({ sentence }) => sentence));
  return judged;
}

function judge(order: Drilling, seen: DrillSurvey): Allowed | { readonly refusals: readonly Refusal[] } {
  const { cluster, primary, change } = seen;
  const mode = order.mode ?? cluster.drill?.mode ?? 'planned';
  const decision = decideSwitchover({ ...seen, to: null, datacentre: null, writeGapMs: 2_000 });
  const replicas = readable(seen.snapshot.members).filter(({ name }) => name !== primary);
  const refusals = whyNoDrill({
    ...{ cluster, mode, primary, anyway: order.anyway, history: seen.history, opening: seen.opening },
    nowMs: Date.now(),
    changing: change?.running ? change.runbook : null,
    refusals: [...(decision.act === 'refuse' ? decision.refusals : []), ...replicas.flatMap(underWayOn)],
  });
  if (refusals.length > 0) return { refusals };
  if (primary === null || decision.act !== 'carry out')
    return { refusals: [{ sentence: decision.because, cure: 'look at runbook topology' }] };
  const candidate = decision.plan.newPrimary;
  return { seen: { ...seen, primary }, mode, candidate, plan: planOf(mode, cluster.name, primary, candidate) };
}

function hashOfNow(order: Drilling, seen: DrillSurvey): string | null {
  const judged = judge(order, seen);
  return 'plan' in judged ? judged.plan.hash : null;
}

/** Whoever is elected when a primary dies is elected then: the plan of a kill names nobody. */
function planOf(mode: DrillMode, cluster: string, primary: string, candidate: string): PlanSummary {
  const summary =
    mode === 'kill'
      ? `kill ${primary}, the primary of ${cluster}, and wait for the failover`
      : `move the primary of ${cluster} from ${primary} to ${candidate} and back`;
  const lines =
    mode === 'kill'
      ? [
          'clients of the drill write through every router all the while',
          `${primary} is killed; whoever watches fails over, or this run does and has failed`,
          `${primary} is started again, rejoins, and is the primary again`,
        ]
      : [
          'clients of the drill write through every router all the while',
          `plannedSwitchover to ${candidate}, and back to ${primary}`,
        ];
  return { hash: hashOf({ drill: mode, summary, lines }), kind: `drill: ${mode}`, summary, lines, risks: [] };
}

const refuse = (book: Runbook, refusals: readonly Refusal[]): Promise<RunbookReport> => {
  const { outcome, headline } = refusal(book, refusals);
  return keep(book.close(outcome, headline));
};
