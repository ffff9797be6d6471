import { CancellationScope } from '@temporalio/workflow';
import { type Sight } from '../activities';
import { approvalsOf } from './decisions/approvals';
import { tellRead } from './decisions/facts';
import { decideFailover, type Decision } from './decisions/failover';
import { type FailoverPlan, summarise, tellRisk } from './decisions/plan';
import { type RunbookReport } from './decisions/report';
import { showFailover } from './decisions/shown';
import { failoverOrder, type FailoverOrder, parseInput } from './inputs';
import { ledger, look, lookFrom } from './steps/activities';
import { unlessCalledOff } from './steps/call-off';
import { giveBackRedundancy } from './steps/follow-up';
import { keep } from './steps/keep';
import { openGate, type Gate } from './steps/approval';
import { holdsLock, underLock } from './steps/lock';
import { heedResolvedAlerts } from './steps/resolved-alerts';
import { reroute } from './steps/route';
import { failureWords, openRunbook, type Runbook } from './steps/runbook';
import { takeOver } from './steps/take-over';
import { reattach } from './steps/tidy-up';

const form = { workflow: 'emergencyFailover', example: { cluster: 'orders' } };

/**
 * A primary dies and writes resume. Paper: docs/runbooks/emergency-failover.md, whose step names are used here.
 * Ends with a report in every case; standing down without a change is a result, not an error.
 */
export async function emergencyFailover(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(failoverOrder, input, form);
  if (!order.dryRun && !holdsLock(order.cluster)) return underLock('emergencyFailover', order.cluster, order);

  const book = openRunbook('emergencyFailover', order);
  const gate = openGate(book, order.requestedBy);
  heedResolvedAlerts(book, gate);
  if (order.watcher)
    book.found.evidence.push(`the watcher noticed at ${order.watcher.noticedAt}: ${order.watcher.because}`);

  const permit = askForPermit(order, book);
  return unlessCalledOff(
    book,
    () => failOver({ book, gate, order, permit }),
    () => giveBackPermit({ book, order, permit }),
  );
}

async function failOver({ book, gate, order, permit }: Omit<Agreement, 'sight' | 'decision'>): Promise<RunbookReport> {
  const sight = await lookAndTell(book, order);
  book.admit(approvalsOf(sight.cluster).people);
  const decision = judge(book, sight);
  if (decision.act === 'stand down') return standDown({ book, order, permit }, decision.because);
  if (order.dryRun) return keep(book.close('planned', decision.plan.summary));

  const agreed = await agree({ book, gate, order, sight, decision, permit });
  if ('because' in agreed)
    return agreed.rejected
      ? reject({ book, order, permit }, agreed.because)
      : standDown({ book, order, permit }, agreed.because);

  if (isRepair(agreed.plan)) {
    await giveBackPermit({ book, order, permit }); // the primary stays the primary: it does not count as a failover
    const repair = agreed.plan.kind === 'reroute' ? reroute : reattach;
    await book.noWayBack();
    return CancellationScope.nonCancellable(async () => keep(await repair({ book, gate, order, ...agreed })));
  }
  await book.noWayBack();
  // A run that is cancelled behind the fence would leave the cluster without writes: from here it goes on to its end.
  return CancellationScope.nonCancellable(async () => {
    const report = await takeOver({ book, gate, order, ...agreed });
    if (report.outcome === 'done' && agreed.plan.kind !== 'reopen')
      await giveBackRedundancy(book, agreed.sight.cluster, agreed.plan.oldPrimary);
    return keep(report);
  });
}

/** The look itself, without a line in the report. */
const lookQuietly = (order: FailoverOrder): Promise<Sight> =>
  look.sightCluster({ cluster: order.cluster, ...(order.watcher ? { lastSeen: order.watcher.lastSeen } : {}) });

const lookAndTell = (book: Runbook, order: FailoverOrder): Promise<Sight> =>
  book.step(
    'Look at the primary from here and through every replica',
    () => lookQuietly(order),
    ({ sighting }) => tellRead(sighting.snapshot),
  );

/** Pure judgement of what was seen; all of it goes into the report. */
function judge(book: Runbook, { cluster, sighting }: Sight): Decision {
  const decision = decideFailover({ cluster, sighting });
  book.found.oldPrimary = sighting.primary;
  book.found.evidence.push(
    decision.diagnosis.because,
    ...decision.diagnosis.testimony.map((one) => `${one.replica} ${one.says}: ${one.because}`),
  );
  book.found.decisions.push(`${decision.diagnosis.state}: ${decision.because}`);
  if (decision.act === 'carry out') {
    book.found.plan = summarise(decision.plan);
    book.found.rpo = decision.plan.rpo;
  }
  return decision;
}

/** The primary is well; what is mended is around it. */
const isRepair = ({ kind }: FailoverPlan): boolean => kind === 'reroute' || kind === 'reattach';

const isCounted = (order: FailoverOrder): boolean => order.trigger === 'watcher' || order.trigger === 'alert';

/**
 * An automatic run is counted in the fleet's ledger while we look; people are not counted. A ledger that does not answer refuses:
 * it may not keep a failover waiting for ever, nor let it pass uncounted. Never rejects: nobody awaits it for a while.
 * Not cancelled with the run: only a request that was answered can be given back.
 */
async function askForPermit(order: FailoverOrder, book: Runbook): Promise<string | null> {
  if (!isCounted(order)) return null;
  try {
    const request = { cluster: order.cluster, run: book.run, peek: order.dryRun };
    const permit = await CancellationScope.nonCancellable(() => ledger.takePermit(request));
    return permit.granted ? null : `${permit.because}: a human must agree`;
  } catch (error) {
    return `the fleet's ledger of failovers did not answer (${failureWords(error)}): a human must agree`;
  }
}

interface Agreement {
  readonly book: Runbook;
  readonly gate: Gate;
  readonly order: FailoverOrder;
  readonly sight: Sight;
  readonly decision: Extract<Decision, { act: 'carry out' }>;
  readonly permit: Promise<string | null>;
}

type Agreed =
  | { readonly sight: Sight; readonly plan: FailoverPlan; readonly approved: boolean }
  | { readonly because: string; readonly rejected: boolean };

/**
 * Ask where policy or a risk says so. The plan that was approved is the plan that runs (invariant 9): after the answer everything
 * is looked at again, and when the facts changed the approval is void and the new plan is asked for.
 */
async function agree({ book, gate, order, sight, decision, permit }: Agreement): Promise<Agreed> {
  for (let [seen, open, diagnosis] = [sight, decision.plan, decision.diagnosis]; ;) {
    const because = [...(await whyAsk(order, seen, open)), ...[await answerOf(permit)].filter((why) => why !== null)];
    if (because.length === 0) return { sight: seen, plan: open, approved: false };

    book.phase('approval', `${open.summary}: waiting for approval`);
    const { hash } = open;
    const stillStands = async (): Promise<boolean> => {
      const now = decideFailover(await lookQuietly(order));
      return now.act === 'carry out' && now.plan.hash === hash;
    };
    const answer = await gate.ask(seen.cluster, {
      text: `${open.summary}?`,
      because,
      shown: showFailover(open, diagnosis),
      plan: hash,
      mayProceed: because.every((why) => why === POLICY),
      stillTrue: stillStands,
    });
    if (answer.verdict === 'rejected' || answer.verdict === 'expired')
      return { rejected: true, because: answer.by ? `${answer.by} rejected it: ${answer.reason}` : answer.reason };

    seen = await lookAndTell(book, order);
    const again = judge(book, seen);
    if (again.act === 'stand down') return { rejected: false, because: `no longer needed: ${again.because}` };
    // Silence is nobody's word: what it lets through carries no risk, as an automatic run does not.
    if (again.plan.hash === open.hash && (answer.verdict === 'approved' || answer.verdict === 'unopposed'))
      return { sight: seen, plan: open, approved: answer.verdict === 'approved' };
    book.found.approvals.push(
      `the facts changed while plan ${open.hash.slice(0, 12)} was open: its approval is void, plan ${again.plan.hash.slice(0, 12)} takes its place`,
    );
    [open, diagnosis] = [again.plan, again.diagnosis];
  }
}

/** A run that is called off does not wait for it. */
const answerOf = (permit: Promise<string | null>): Promise<string | null> =>
  Promise.race([permit, CancellationScope.current().cancelRequested]);

const POLICY = 'the policy of this cluster is to ask';

async function whyAsk(order: FailoverOrder, { cluster }: Sight, plan: FailoverPlan): Promise<string[]> {
  const because = plan.risks.map(tellRisk);
  if (cluster.failover.mode === 'approve') because.unshift(POLICY);
  if (plan.kind === 'reroute' && isCounted(order))
    because.push('nobody is known to have asked for it: somebody may have turned the router away on purpose');
  const queue = cluster.failover.secondOpinionQueue;
  if (queue === undefined || isRepair(plan)) return because;
  const opinion = await secondOpinion(cluster.name, queue, plan);
  return opinion.agrees ? because : [...because, `the second opinion of ${queue} does not agree: ${opinion.because}`];
}

/** The same look from another place; one that does not answer in time does not agree. */
async function secondOpinion(
  cluster: string,
  queue: string,
  plan: FailoverPlan,
): Promise<{ agrees: boolean; because: string }> {
  try {
    const { cluster: seen, sighting } = await lookFrom(queue).sightCluster({ cluster });
    const decision = decideFailover({ cluster: seen, sighting });
    return {
      agrees:
        decision.act === 'carry out' &&
        decision.plan.kind === plan.kind &&
        (plan.kind !== 'promote' || decision.diagnosis.writesAreOver === 'yes'),
      because: decision.diagnosis.because,
    };
  } catch (error) {
    return { agrees: false, because: failureWords(error) };
  }
}

type Ending = Pick<Agreement, 'book' | 'order' | 'permit'>;

async function standDown(ending: Ending, because: string): Promise<RunbookReport> {
  const { book } = ending;
  await giveBackPermit(ending);
  return keep(book.close('stood down', `Stood down, nothing was changed: ${because}`));
}

async function reject(ending: Ending, because: string): Promise<RunbookReport> {
  const { book } = ending;
  await giveBackPermit(ending);
  return keep(book.close('rejected', `Not approved, nothing was changed: ${because}`));
}

/** Only when the request has been answered: a return that overtakes it would give back nothing. */
async function giveBackPermit({ book, order, permit }: Ending): Promise<void> {
  if (order.dryRun || !isCounted(order)) return;
  await permit;
  await CancellationScope.nonCancellable(() => ledger.returnPermit(book.run)).catch(() => undefined);
}
