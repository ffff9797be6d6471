import { sourcesOf } from '../decisions/came-along';
import {
  acknowledgedRows,
  judgeLoss,
  judgeMovement,
  type Seen,
  slowest,
  tellDrill,
  verdictOf,
} from '../decisions/drill';
import { readable } from '../decisions/facts';
import { type RunbookReport } from '../decisions/report';
import { drill } from './activities';
import { repoint } from './attempts';
import { applicationsLeft, checkSurroundings } from './drill-check';
import { whileClientsWrite } from './drill-clients';
import { asOrdered, carryOut, type RunEnd } from './drill-runs';
import { killAndWait, reviveAndRejoin } from './drill-kill';
import { type Allowed, type Drilling, type Rehearsal } from './rehearsal';
import { failureWords, type Runbook } from './runbook';

interface Numbers {
  there: Seen | null;
  lost: number | null;
  back: Seen | null;
}

/** The primary goes, by a kill or on purpose; everything is checked; it comes back. Never leaves before the first state was tried. */
export async function thereAndBack(book: Runbook, order: Drilling, allowed: Allowed): Promise<RunbookReport> {
  const { seen, mode } = allowed;
  const { cluster, primary } = seen;
  const policy = cluster.drill;
  if (!policy)
    return book.close('refused', `Refused, nothing was changed: ${cluster.name} has no drill in the inventory`);
  const rehearsal: Rehearsal = { book, order, allowed, policy, assertions: [] };
  const numbers: Numbers = { there: null, lost: null, back: null };

  book.phase('strike', allowed.plan.summary);
  try {
    await book.step(
      `Make the tables of the drill on ${primary}`,
      () => drill.prepareDrill({ cluster, primary }),
      () => 'they are there',
    );
  } catch (error) {
    return book.close('failed', `Not begun, nothing was changed: ${failureWords(error)}`);
  }
  const there = await whileClientsWrite(book, { cluster, drill: book.run, part: 'there' }, primary, () =>
    mode === 'kill' ? killAndWait(rehearsal) : move(rehearsal, allowed.candidate),
  );
  if (there.result === null)
    return book.close(
      'failed',
      `Not begun, nothing was changed: the clients of the drill cannot write through the routers`,
    );
  numbers.there = there.seen;
  const newPrimary = there.result.newPrimary ?? (await primaryNow(rehearsal));
  if (newPrimary === null) {
    book.found.left.push(
      `${cluster.name} has no primary that is well: runbook start emergencyFailover --cluster ${cluster.name}`,
    );
    return book.close('failed', `The drill missed, and the first state is not back: ${there.result.headline}`);
  }

  // A killed primary that was started again at once may be the one that is opened.
  if (there.result.outcome === 'done' || newPrimary !== primary) await check(rehearsal, numbers, newPrimary);
  if (newPrimary !== primary) await restore(rehearsal, numbers, newPrimary);
  return conclude(rehearsal, numbers, newPrimary);
}

/** On purpose. What is not done is a drill that missed: an operator would have stood there as well. */
async function move({ book, order, allowed, assertions }: Rehearsal, to: string): Promise<RunEnd> {
  const { cluster } = allowed.seen;
  const input = { cluster: cluster.name, to, ...asOrdered(order, book) };
  const end = await carryOut(book, `Move the primary to ${to}`, 'plannedSwitchover', input);
  if (end.outcome !== 'done')
    assertions.push({ holds: false, measured: true, sentence: `the primary did not move to ${to}: ${end.headline}` });
  assertions.push(...applicationsLeft(end, allowed));
  return end;
}

async function primaryNow({ allowed }: Rehearsal): Promise<string | null> {
  const now = await drill.surveyDrill({ cluster: allowed.seen.cluster.name }).catch(() => null);
  return now?.primary ?? null;
}

/** What clients saw, whether their rows are there, and whether everybody came along. */
async function check(rehearsal: Rehearsal, numbers: Numbers, newPrimary: string): Promise<void> {
  const { book, allowed, policy, assertions } = rehearsal;
  const { cluster, primary } = allowed.seen;
  const kill = allowed.mode === 'kill';
  book.phase('check', `${newPrimary} is the primary; clients, rows, routers and replicas are compared`);
  const limitMs = kill ? policy.objective.rtoMs : policy.objective.writeGapMs;
  assertions.push(
    ...judgeMovement({
      what: kill ? 'RTO' : 'write gap',
      limitMs,
      seen: numbers.there,
      ...towards(allowed, newPrimary),
    }),
  );
  numbers.lost = await lostOn(rehearsal, 'there', newPrimary, numbers.there);
  assertions.push(...(await checkSurroundings(book, cluster, newPrimary, kill ? [primary] : [])));
}

const towards = ({ seen }: Allowed, name: string) => ({
  towards: readable(seen.snapshot.members).find((member) => member.name === name)?.serverUuid ?? '',
  towardsName: name,
});

async function lostOn(
  { book, allowed, policy, assertions }: Rehearsal,
  part: 'there' | 'back',
  primary: string,
  seen: Seen | null,
): Promise<number | null> {
  if (seen === null || seen.interrupted) return null;
  const { cluster } = allowed.seen;
  const rows = acknowledgedRows(seen);
  try {
    const lost = await book.step(
      `Look for every acknowledged row on ${primary}`,
      () => drill.countLost({ cluster, drill: book.run, part, primary, seen }),
      (missing) => `${missing} of ${rows} are missing`,
    );
    assertions.push(judgeLoss(lost, rows, policy.objective));
    return lost;
  } catch (error) {
    assertions.push({ holds: false, measured: false, sentence: `the rows were not compared: ${failureWords(error)}` });
    return null;
  }
}

/** The first state: the same primary, everybody below it as before. */
async function restore(rehearsal: Rehearsal, numbers: Numbers, newPrimary: string): Promise<void> {
  const { book, allowed, policy, assertions } = rehearsal;
  const { cluster, primary, snapshot } = allowed.seen;
  book.phase('restore', `${primary} becomes the primary again`);
  if (allowed.mode === 'kill' && !(await reviveAndRejoin(rehearsal))) return;

  const back = await whileClientsWrite(book, { cluster, drill: book.run, part: 'back' }, newPrimary, () =>
    move(rehearsal, primary),
  );
  if (back.result?.outcome !== 'done') {
    book.found.left.push(
      `the first state is not back: move the primary to ${primary} when what stands against it is mended`,
    );
    return;
  }
  numbers.back = back.seen;
  const { writeGapMs } = policy.objective;
  const way = { what: 'write gap on the way back', limitMs: writeGapMs, seen: back.seen };
  assertions.push(...judgeMovement({ ...way, ...towards(allowed, primary) }));
  await lostOn(rehearsal, 'back', primary, back.seen);
  const now = await drill.surveyDrill({ cluster: cluster.name }).catch(() => null);
  const [before, after] = [sourcesOf(snapshot), now ? sourcesOf(now.snapshot) : {}];
  for (const [replica, source] of Object.entries(before))
    if (after[replica] !== source) await repoint(book, cluster, replica, source);
  assertions.push(...(await checkSurroundings(book, cluster, primary, [])));
}

/** The history, and the result. */
async function conclude(
  { book, allowed, policy, assertions }: Rehearsal,
  { there, lost, back }: Numbers,
  newPrimary: string,
): Promise<RunbookReport> {
  const { mode, seen } = allowed;
  const { cluster, primary } = seen;
  const measured = there !== null && !there.interrupted;
  const worst = measured ? slowest(there) : null;
  const kill = mode === 'kill';
  const headline = tellDrill(assertions);
  const verdict = verdictOf(assertions);
  if (worst)
    book.found.rto = {
      totalMs: worst.longestMs,
      from: book.startedAt,
      to: new Date().toISOString(),
      because: `the longest silence of the client behind ${worst.router}`,
    };
  if (lost !== null)
    book.found.rpo = {
      provablyZero: lost === 0,
      lost: '',
      lostCount: lost,
      because: `every row that a client of the drill was told is done was looked for on ${newPrimary}`,
    };
  book.found.newPrimary = newPrimary;
  book.phase('record', headline);
  const record = {
    ...{ run: book.run, endedAt: new Date().toISOString(), mode, verdict, lostRows: lost },
    ...{ rtoMs: worst?.longestMs ?? null, objectiveMs: kill ? policy.objective.rtoMs : policy.objective.writeGapMs },
    backMs: back && !back.interrupted ? (slowest(back)?.longestMs ?? null) : null,
    ...{ oldPrimary: primary, newPrimary, because: headline },
  };
  try {
    const now = (await drill.surveyDrill({ cluster: cluster.name })).primary ?? newPrimary;
    await book.step(
      'Write the drill into the history',
      () => drill.recordDrill({ cluster, primary: now, drill: record }),
      () => verdict,
    );
  } catch (error) {
    book.found.left.push(`the drill is not in the history: ${failureWords(error)}`);
  }
  return book.close(verdict === 'met' ? 'done' : 'failed', headline);
}
