import { type Extras } from '../../activities';
import { primaryIsWell } from '../decisions/rejoin';
import { planReplay } from '../decisions/rejoin-plan';
import { tellChanges } from '../decisions/replay';
import { showOf } from '../decisions/shown';
import { type RunbookReport } from '../decisions/report';
import { look, tidy } from './activities';
import { beginProvisioning } from './follow-up';
import { firm, type Return } from './return';

/** While a question is open the lock is held: a primary that falls meanwhile must not wait long for it. */
const LOOK_OFTEN = { soonMs: 2_000, laterMs: 5_000 };

/**
 * It alone has transactions. They are copied to a file in any case; then either the primary takes them over by a person's word, or the run
 * ends with that file. null = settled, judge again. The report = the end of the run.
 */
export async function settleExtras(given: Return, primary: string): Promise<RunbookReport | null> {
  const { book, order, seen } = given;
  const { instance } = order;
  const pair = { cluster: seen.cluster, instance, primary };
  book.phase('extras', `${instance} alone has transactions`);
  const found = await firm(
    book,
    `Close ${instance}, copy what it alone has`,
    () => tidy.closeAndCopy(pair),
    ({ because }) => because,
  );
  if (found.extra === '' || found.file === null) return null;
  if (!book.found.lostTransactionFiles.includes(found.file)) book.found.lostTransactionFiles.push(found.file);

  if (order.extras === 'rebuild') return rebuild(given, `what it alone has is in ${found.file}`);
  const against = whyNotTakenOver(given, found);
  if (against !== null) return refuse(given, primary, found, against);
  if (order.extras === 'ask') {
    const answer = await ask(given, primary, found, found.file);
    if (answer === 'judge again') return null;
    if (answer !== 'approved') return leave(given, primary, found, answer);
  }
  await firm(
    book,
    `Let ${primary} take over what ${instance} alone has`,
    () => tidy.replayExtras({ ...pair, extra: found.extra }),
    ({ result, transactions }) =>
      result === 'already' ? `${primary} has them already` : `${transactions} transactions, with their original GTIDs`,
  );
  return null;
}

function whyNotTakenOver({ order }: Return, { verdict }: Extras): string | null {
  if (order.extras === 'refuse') return 'the order says to leave them';
  return verdict.possible ? null : `they cannot be taken over: ${verdict.because}`;
}

async function ask(
  { book, gate, order, seen }: Return,
  primary: string,
  { extra, changes, verdict }: Extras,
  file: string,
): Promise<string> {
  const plan = planReplay({ instance: order.instance, primary, extra, changes, file });
  book.found.plan = plan;
  book.phase('approval', `${plan.summary}: waiting for approval`);
  const stillStands = () =>
    look.readMembers({ cluster: seen.cluster, without: [] }).then((snapshot) => primaryIsWell(snapshot, primary));
  const answer = await gate.ask(seen.cluster, {
    text: `${plan.summary}?`,
    because: [
      verdict.because,
      ...plan.risks,
      `read them first: ${file}`,
      'reject: they stay in the file, and the server stays read-only',
    ],
    shown: showOf(plan, `nothing: they stay in ${file} in any case`, 'clients do not wait'),
    plan: plan.hash,
    stillTrue: stillStands,
    pauses: LOOK_OFTEN,
  });
  if (answer.verdict === 'approved') return 'approved';
  if (answer.verdict === 'overtaken') return 'judge again';
  return answer.by ? `${answer.by} rejected it: ${answer.reason}` : answer.reason;
}

/** Filled anew by a run of its own, which asks before anything that nobody else has is dropped. */
export async function rebuild({ book, order, seen }: Return, because: string): Promise<RunbookReport> {
  const { instance, requestedBy } = order;
  const more = { extras: 'ask', rebuild: true, requestedBy };
  const id = await beginProvisioning(book, { cluster: seen.cluster, instance, order: more });
  book.found.left.push(`${instance} is filled anew by ${id}: runbook status ${id}`);
  return book.close('stood down', `${instance} is left read-only to ${id}, as ordered: ${because}`);
}

function refuse({ book, order }: Return, primary: string, found: Extras, because: string): RunbookReport {
  nameWhatIsLeft({ book, order }, primary, found);
  return book.close(
    'refused',
    `Refused, ${order.instance} is read-only and follows nobody new: it alone has ${found.extra} (invariant 4), and ${because}. They are in ${found.file ?? ''}`,
  );
}

function leave({ book, order }: Return, primary: string, found: Extras, because: string): RunbookReport {
  nameWhatIsLeft({ book, order }, primary, found);
  return book.close(
    'rejected',
    `Not taken over, ${order.instance} is read-only: ${because}. What it alone has is in ${found.file ?? ''}`,
  );
}

function nameWhatIsLeft({ book, order }: Pick<Return, 'book' | 'order'>, primary: string, found: Extras): void {
  book.found.left.push(
    `${order.instance} alone has ${found.extra} (${tellChanges(found.changes)}): decide by ${found.file ?? ''} what of it ${primary} still needs, then fill ${order.instance} anew: runbook start provisionReplica --cluster ${order.cluster} --input '{"instance": "${order.instance}", "extras": "ask"}'`,
  );
}
