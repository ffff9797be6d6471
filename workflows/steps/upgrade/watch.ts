import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import { type BrokenLink } from '../../../activities';
import { isSwitched } from '../../decisions/upgrading/phases';
import { type Link } from '../../decisions/upgrading/way-back';
import { upgrades } from '../activities';
import { failureWords } from '../runbook';
import { askAbout } from './ask';
import { primaryNow, type Upgrade } from './run';
import { type Carried } from './standing';
import { type Wish } from './turn';

/** So long one activity watches: a worker that is replaced is missed for as long, and a day is 288 of them. */
const SLICE_SECONDS = 300;
const AGAIN_MS = 600_000;
/** Of what is told of the past: a way back that breaks every night for months must not outgrow what a run can be given. */
const MOST_CARRIED = 200;

/** What an upgrade lives by now: green servers that follow, and behind the switch the way back. */
export function linksOf({ standing }: Upgrade): Link[] {
  const { green, primary, oldPrimary, givenUp } = standing;
  const followers = green.filter((name) => name !== primary).map((replica) => ({ replica, source: primary }));
  const back = oldPrimary === primary || givenUp ? [] : [{ replica: oldPrimary, source: primary }];
  return [...back, ...followers];
}

export type Ended = 'time' | 'turn' | 'elsewhere';

/**
 * Wait until the phase's time is over, and watch replication meanwhile. `turn`: somebody wants to go back; `elsewhere`: the primary is another
 * than the one that is known. A link that breaks is a question at once, on every channel; it closes by itself when the link is mended.
 */
export async function watchUntil(run: Upgrade): Promise<Ended> {
  const { standing } = run;
  while (Date.now() < standing.untilMs) {
    await goOnInNewRun(run);
    if (wishOf(run)) return 'turn';
    const broken = await watchFor(run, Math.min(SLICE_SECONDS, (standing.untilMs - Date.now()) / 1_000));
    if (wishOf(run)) return 'turn';
    if (broken.length === 0) continue;
    const primary = await primaryNow(run);
    if (primary !== null && primary !== standing.primary) return 'elsewhere';
    if ((await tellBroken(run, broken)) === 'turn') return 'turn';
  }
  return 'time';
}

/** Read through a function: the compiler cannot know that handlers ran during a wait. */
export const wishOf = ({ turn }: Pick<Upgrade, 'turn'>): Wish | null => turn.wish;

async function watchFor(run: Upgrade, seconds: number): Promise<readonly BrokenLink[]> {
  const { cluster, turn } = run;
  const scope = new CancellationScope();
  const watching = scope.run(() =>
    upgrades.watchLinks({ cluster, links: linksOf(run), forSeconds: Math.max(0, seconds) }),
  );
  const state = { over: false };
  const watched = watching.then(
    (found) => found,
    (error: unknown) => {
      if (isCancellation(error)) return [];
      throw error;
    },
  );
  const settled = watched.finally(() => void (state.over = true));
  settled.catch(() => undefined);
  try {
    await condition(() => state.over || turn.wish !== null);
    if (!state.over) scope.cancel();
  } catch (error) {
    scope.cancel();
    throw error;
  }
  return settled.catch((error: unknown) => [
    { replica: '', source: '', because: `nothing is watched: ${failureWords(error)}` },
  ]);
}

export const brokenNow = async (run: Upgrade): Promise<readonly BrokenLink[]> =>
  upgrades.watchLinks({ cluster: run.cluster, links: linksOf(run), forSeconds: 0 });

/** A broken link is told at once, as a question, which is mended, agreed to, or overtaken by going back. */
async function tellBroken(run: Upgrade, broken: readonly BrokenLink[]): Promise<'on' | 'turn'> {
  const { book, turn, standing, order } = run;
  const back = broken.find(({ replica }) => replica === standing.oldPrimary && isSwitched(standing.phase));
  turn.broken = back?.because ?? null;
  const because = broken.map((one) => one.because);
  book.found.decisions.push(...because);
  const text = back
    ? `The way back of ${order.cluster} is broken: give it up?`
    : `Replication of the upgrade of ${order.cluster} is broken: go on all the same?`;
  const answer = await askAbout(run, {
    ...{ text, because },
    mayBeLost: back ? 'what is written from now on, where somebody has to go back all the same' : 'nothing',
    takes: 'nobody waits: clients go on; mended by hand, this question closes by itself',
    stillTrue: async () => turn.wish === null && (await brokenNow(run)).length > 0,
  });
  if (answer.verdict === 'approved' && back) {
    standing.givenUp = true;
    book.found.left.push(`there is no way back any more: ${back.because}`);
  } else if (answer.verdict === 'approved' || answer.verdict === 'overtaken') {
    if (!turn.wish) turn.broken = null;
  } else await condition(() => turn.wish !== null, AGAIN_MS, { summary: 'Ask again' });
  return turn.wish ? 'turn' : 'on';
}

/** A history that has grown long is closed, and a new run goes on from where this one stands. */
async function goOnInNewRun({ book, order, standing }: Upgrade): Promise<void> {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  if (historyLength < order.eventsPerRun && !continueAsNewSuggested) return;
  await condition(allHandlersFinished);
  const { evidence, decisions, approvals, left, oldPrimary, plan } = book.found;
  const found = { evidence, decisions: decisions.slice(-MOST_CARRIED), approvals, left, oldPrimary, plan };
  const carried: Carried = { standing, found, steps: book.steps().slice(-MOST_CARRIED), startedAt: book.startedAt };
  await continueAsNew({ ...order, standing: carried });
}
