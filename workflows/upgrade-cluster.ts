import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { approvalsOf } from './decisions/approvals';
import { type Cluster } from './decisions/cluster';
import { type RunbookReport } from './decisions/report';
import { showOf } from './decisions/shown';
import { costOfGoingBack, isSwitched } from './decisions/upgrading/phases';
import { parseInput, upgradeOrder } from './inputs';
import { openGate } from './steps/approval';
import { repoint } from './steps/attempts';
import { openConsent } from './steps/consent';
import { keep } from './steps/keep';
import { asUpgradeOf, isUpgradeOf } from './steps/lock';
import { refusal } from './steps/preflight';
import { failureWords, openRunbook, type Runbook } from './steps/runbook';
import { judgeBeginning } from './steps/upgrade/begin';
import { planCopies } from './steps/upgrade/copy';
import { precheck } from './steps/upgrade/precheck';
import { whoSaid } from './steps/upgrade/ask';
import { build, catchUp } from './steps/upgrade/build';
import { callOff, giveUp, retire } from './steps/upgrade/leave';
import { ask, goBack, switchTo } from './steps/upgrade/move';
import { enter, hoursFromNow, lookAtAll, primaryNow, type Upgrade } from './steps/upgrade/run';
import { prove } from './steps/upgrade/prove';
import { carriedBy, type Standing } from './steps/upgrade/standing';
import { trustTheWayBack } from './steps/upgrade/trust';
import { castOf, openTurn } from './steps/upgrade/turn';
import { watchUntil } from './steps/upgrade/watch';

const form = { workflow: 'upgradeCluster', example: { cluster: 'orders', to: '8.4' } };

/**
 * The release of a live cluster is changed, with a way back. Paper: docs/runbooks/upgrade.md, whose phases are used here. It holds an id of its
 * own for days, and the cluster's lock for the seconds of its switchovers.
 */
export async function upgradeCluster(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(upgradeOrder, input, form);
  if (!order.dryRun && !isUpgradeOf(order.cluster)) return asUpgradeOf(order.cluster, order);

  const carried = carriedBy(order);
  const book = openRunbook('upgradeCluster', order, carried ?? undefined);
  const gate = openGate(book, order.requestedBy);
  const known: { cluster: Cluster | null; standing: Standing | null } = {
    cluster: null,
    standing: carried?.standing ?? null,
  };
  const turn = openTurn(book, order.cluster, () => known);
  const scope = new CancellationScope();
  turn.onWish = () => {
    if (!known.standing || !isSwitched(known.standing.phase)) scope.cancel();
    else void gate.doubt();
  };
  const begun: { run: Upgrade | null } = { run: null };
  try {
    return await scope.run(async () => {
      const seen = await lookAtAll(book, order, 'Look at every member, its settings and grants, and at every router');
      known.cluster = seen.cluster;
      book.admit(approvalsOf(seen.cluster).people);
      const where = carried ?? judgeBeginning(order, seen);
      if ('refusals' in where) return refuse(book, where.refusals);
      const toCopy = 'toCopy' in where ? where.toCopy : [];
      const run = { book, gate, turn, order, cluster: seen.cluster, standing: where.standing, toCopy };
      if ('found' in where) {
        takeUp(book, where.found);
        enter(run, where.standing.phase);
      } else {
        const ended = await begin(run, where);
        if (ended) return ended;
      }
      known.standing = where.standing;
      begun.run = run;
      return carryThrough(run);
    });
  } catch (error) {
    if (!isCancellation(error)) throw spokenPlainly(error);
    if (begun.run) return callOff(begun.run);
    return CancellationScope.nonCancellable(() => keep(book.close('rejected', 'Called off, nothing was changed')));
  }
}

/** Null when it may go on. */
async function begin(
  run: Upgrade,
  { plan: decided, wayBack, toCopy }: Exclude<ReturnType<typeof judgeBeginning>, { refusals: unknown }>,
): Promise<RunbookReport | null> {
  const { book, gate, order, cluster, standing } = run;
  book.found.plan = decided;
  book.found.oldPrimary = standing.oldPrimary;
  const against = isSwitched(standing.phase) ? [] : [...(await precheck(run)), ...wayBack];
  const { plan, refusals } = await planCopies(run, toCopy, decided);
  if (refusals.length > 0) return refuse(book, [...refusals, ...against]);
  if (against.length > 0 && order.forced === undefined) return refuse(book, against);
  book.found.plan = plan;
  book.found.evidence.push(...against.map(({ sentence, cure }) => `forced past: ${sentence}: ${cure}`));
  if (order.dryRun) return keep(book.close('planned', plan.summary));
  if (isSwitched(standing.phase)) {
    book.found.decisions.push(`${standing.primary} runs ${standing.to} already: the way back is taken up from here`);
    return null;
  }
  const consent = openConsent(book, gate);
  const shown = showOf(plan, 'nothing: clients notice nothing before the switch, which is asked for then', 'days');
  const agreed = await consent({ cluster, plan, risks: plan.risks, shown, stillTrue: () => Promise.resolve(true) });
  if (agreed === 'look again' || agreed === 'go on') return null;
  return keep(book.close('rejected', `Not approved, nothing was changed: ${agreed.because}`));
}

/** There, and back as often as somebody wants, until the old release is retired. */
async function carryThrough(run: Upgrade): Promise<RunbookReport> {
  const { standing, turn, order } = run;
  for (;;) {
    if (!isSwitched(standing.phase)) {
      const ended = await forward(run);
      if (ended) return ended;
    }
    const how = await keepTheWayBack(run);
    if (how === 'again') continue;
    if (how === 'retire') return retire(run);
    if (turn.wish?.ends) return callOff(run);
    const back = how === 'elsewhere' || (await goBack(run));
    Object.assign(turn, { wish: null });
    if (!back) continue;
    // Whoever went back says when to go forward again; the new servers follow as before.
    Object.assign(standing, { phase: 'soak', untilMs: hoursFromNow(0), givenUp: false });
    enter(run, 'soak');
    run.book.found.decisions.push(`${order.cluster} runs ${standing.from} again`);
  }
}

/** Up to and over the switch. A report where it ends before. */
async function forward(run: Upgrade): Promise<RunbookReport | null> {
  const { book, standing, order } = run;
  if (standing.phase === 'precheck') {
    try {
      await build(run);
      if (order.mode === 'rolling' && !(await trustTheWayBack(run))) return await callOff(run);
      await catchUp(run);
      await prove(run);
    } catch (error) {
      if (isCancellation(error)) throw error;
      return giveUp(run, failureWords(error));
    }
  }
  let last: readonly string[] = [];
  for (;;) {
    if ((await watchUntil(run)) === 'elsewhere') await follow(run);
    const [to = ''] = standing.green;
    const { from, to: release, primary, switches } = standing;
    const because = [
      switches === 0
        ? `${to} has followed ${primary} for its time`
        : `${primary} has taken the writes again; ${to} follows it`,
      ...last,
    ];
    const answer = await ask(run, `Move the primary from ${primary} (${from}) to ${to} (${release})?`, because, {
      what: [`plannedSwitchover to ${to}`, `${primary} follows it as the way back`],
      evidence: book.found.evidence,
      mayBeLost: 'nothing: the old primary is frozen first, and its successor has everything before it is opened',
      takes: `clients wait for ${order.writeGapMs} ms at most, or everything is undone`,
    });
    if (answer.verdict === 'overtaken') continue;
    if (answer.verdict !== 'approved') {
      run.turn.wish = { who: whoSaid(answer), ends: true };
      return callOff(run);
    }
    const end = await switchTo(run, to, answer.by);
    if (end.outcome === 'done') return null;
    if (end.outcome === 'failed' && (await primaryNow(run)) === to) {
      // Open, and not all that belongs to it is done: its own report says what.
      Object.assign(standing, { primary: to, switches: switches + 1 });
      book.found.left.push(...end.left, end.headline);
      return null;
    }
    standing.phase = 'soak';
    enter(run, 'soak');
    last = [`the last try: ${end.headline}`, ...end.left];
    book.found.decisions.push(`not switched: ${end.headline}`);
  }
}

/** A failover has chosen another primary of the old release; the new servers follow it. */
async function follow(run: Upgrade): Promise<void> {
  const primary = (await primaryNow(run)) ?? run.standing.primary;
  run.book.found.decisions.push(`${primary} is the primary by now, in place of ${run.standing.primary}`);
  Object.assign(run.standing, { primary, oldPrimary: primary });
  await catchUp(run);
  enter(run, 'soak');
}

async function keepTheWayBack(run: Upgrade): Promise<'retire' | 'turn' | 'elsewhere' | 'again'> {
  const { book, standing, order, turn } = run;
  const hours = { watch: order.watchHours, keep: order.keepHours };
  const begun = standing.phase === 'watch' || (standing.phase === 'keep' && standing.untilMs > 0);
  for (const phase of ['watch', 'keep'] as const) {
    if (phase === 'watch' && standing.phase === 'keep') continue;
    if (!begun || standing.phase !== phase) {
      enter(run, phase);
      standing.untilMs = hoursFromNow(hours[phase]);
    }
    const ended = await watchUntil(run);
    if (ended !== 'time') return ended === 'elsewhere' ? elsewhere(run) : ended;
  }
  for (;;) {
    const { primary, oldPrimary, from, to, blue } = standing;
    const text = `Retire ${blue.join(', ')} (${from}), and with them the way back?`;
    const answer = await ask(run, text, [`${primary} (${to}) has had the load; ${oldPrimary} follows it`], {
      what: [`${blue.join(', ')} leave the cluster`],
      evidence: book.found.evidence,
      mayBeLost: 'the way back: afterwards only a backup of the old release is left',
      takes: `no client waits; until then: ${costOfGoingBack('keep', castOf(order.cluster, standing))}`,
    });
    if (answer.verdict === 'approved') return 'retire';
    if (turn.wish) return 'turn';
    if (answer.verdict !== 'overtaken')
      book.found.decisions.push(
        `not retired (${answer.reason}): the way back is kept for ${order.keepHours} hours more`,
      );
    enter(run, 'keep');
    standing.untilMs = hoursFromNow(answer.verdict === 'overtaken' ? 1 / 60 : order.keepHours);
    const ended = await watchUntil(run);
    if (ended !== 'time') return ended === 'elsewhere' ? elsewhere(run) : ended;
  }
}

/** A failover behind the switch: to another new server, below which the way back is laid anew, or back to the old release. */
async function elsewhere(run: Upgrade): Promise<'again' | 'elsewhere'> {
  const { standing, book, cluster } = run;
  const before = standing.primary;
  const primary = (await primaryNow(run)) ?? before;
  book.found.decisions.push(`${primary} is the primary by now, in place of ${before}: a failover, or somebody else`);
  if (standing.blue.includes(primary)) {
    Object.assign(standing, { primary, oldPrimary: primary });
    return 'elsewhere';
  }
  Object.assign(standing, { primary, green: [primary, ...standing.green.filter((name) => name !== primary)] });
  await repoint(book, cluster, standing.oldPrimary, primary);
  return 'again';
}

function takeUp(
  book: Runbook,
  { plan, oldPrimary, ...lists }: NonNullable<ReturnType<typeof carriedBy>>['found'],
): void {
  Object.assign(book.found, { plan, oldPrimary });
  for (const name of ['evidence', 'decisions', 'approvals', 'left'] as const) book.found[name].push(...lists[name]);
}

function refuse(book: Runbook, refusals: Parameters<typeof refusal>[1]): Promise<RunbookReport> {
  const { outcome, headline } = refusal(book, refusals);
  return keep(book.close(outcome, headline));
}

const spokenPlainly = (error: unknown): unknown =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : error;
