import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { type Restored } from '../activities';
import { approvalsOf } from './decisions/approvals';
import { type DelayedReplica } from './decisions/archive/delayed';
import {
  decideRestore,
  type RestoreDecision,
  type RestoreFacts,
  type RestorePoint,
  type RestoreWish,
} from './decisions/archive/restore';
import { planRestore } from './decisions/archive/restore-plan';
import { type Cluster } from './decisions/cluster';
import { subtractText } from './decisions/gtid-set';
import { type RunbookReport } from './decisions/report';
import { showOf } from './decisions/shown';
import { parseInput } from './inputs';
import { type RestoreOrder, restoreOrder } from './restore-input';
import { archiving } from './steps/activities';
import { openGate } from './steps/approval';
import { unlessCalledOff } from './steps/call-off';
import { type Consent, openConsent } from './steps/consent';
import { keep } from './steps/keep';
import { failureWords, openRunbook, type Runbook } from './steps/runbook';

const form = {
  workflow: 'restoreToPoint',
  example: { cluster: 'orders', before: '3e11fa47-…:23', tables: ['shop.orders'] },
};

type Facts = RestoreFacts & { readonly cluster: Cluster };
type Decided = RestoreDecision & { act: 'restore' };

/**
 * Any second of the past, in a server of its own; tables of it into a file, or by approval into the cluster. Paper:
 * docs/runbooks/restore-to-point.md. It holds no lock: until tables are renamed nothing of the cluster is touched.
 */
export async function restoreToPoint(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(restoreOrder, input, form);
  const book = openRunbook('restoreToPoint', order);
  const consent = openConsent(book, openGate(book, order.requestedBy));
  return unlessCalledOff(book, () => restore(book, order, consent));
}

async function restore(
  book: Runbook,
  order: RestoreOrder,
  consent: Consent,
  agreed?: RestorePoint,
): Promise<RunbookReport> {
  const wish = wishOf(order);
  const facts = await look(book, order.cluster, wish, agreed);
  book.admit(approvalsOf(facts.cluster).people);
  const decision = decideRestore(wish, facts);
  book.found.decisions.push(`${facts.point.because}: ${decision.because}`);
  if (decision.act === 'refuse') {
    book.found.left.push(decision.cure.replaceAll('CLUSTER', order.cluster));
    return keep(book.close('refused', `Refused, nothing was changed: ${decision.because}`));
  }
  if (order.into === 'cluster' && facts.primary === null)
    return keep(book.close('refused', 'Refused, nothing was changed: the cluster has no primary to restore into'));
  const plan = planRestore(order.cluster, wish, facts, decision);
  book.found.plan = plan;
  if (order.dryRun) return keep(book.close('planned', plan.summary));
  const lost = order.into === 'cluster' ? 'nothing: what is there is kept' : 'nothing of the cluster is touched';
  const answer = await consent({
    cluster: facts.cluster,
    plan,
    risks: plan.risks,
    shown: showOf(plan, lost, 'clients do not wait'),
    stillTrue: async () => {
      const now = { ...(await archiving.surveyRestore({ cluster: order.cluster, wish })), point: facts.point };
      const again = decideRestore(wish, now);
      return again.act === 'restore' && planRestore(order.cluster, wish, now, again).hash === plan.hash;
    },
  });
  if (answer === 'look again') return restore(book, order, consent, facts.point);
  if (answer !== 'go on') return keep(book.close('rejected', `Not approved, nothing was changed: ${answer.because}`));
  return keep(await carryOut(book, order, facts, decision));
}

/** `agreed`: the point that a person has seen. What was archived since does not move it. */
const look = (book: Runbook, cluster: string, wish: RestoreWish, agreed?: RestorePoint): Promise<Facts> =>
  book.step(
    'Find the target in the archive, and a way to it',
    async () => {
      const facts = await archiving.surveyRestore({ cluster, wish });
      return agreed ? { ...facts, point: agreed } : facts;
    },
    ({ point, backups }) => `${point.because}; ${backups.length} backups`,
  );

async function carryOut(book: Runbook, order: RestoreOrder, facts: Facts, decision: Decided): Promise<RunbookReport> {
  book.phase('restore', `restoring ${order.cluster} to ${facts.point.because}`);
  try {
    const { way } = decision;
    const restored =
      way.kind === 'backup'
        ? await book.step(
            'Restore the backup, apply the archived transactions',
            () => restoreFrom(book, order, facts, decision, { backup: way.base.id }),
            tell,
          )
        : await whileItStands(book, facts, way.replica, () =>
            book.step(
              'Copy the tables of the delayed replica',
              () => restoreFrom(book, order, facts, decision, { replica: way.replica.name }),
              () => `${order.tables.join(', ')} from ${way.replica.name}`,
            ),
          );
    return book.close('done', headline(book, order, restored, facts));
  } catch (error) {
    if (isCancellation(error)) throw error;
    return book.close('failed', `Not restored: ${failureWords(error)}`);
  }
}

const restoreFrom = (
  book: Runbook,
  { tables, where, into }: RestoreOrder,
  { cluster, point, primary }: Facts,
  { target }: Decided,
  from: { readonly backup: string } | { readonly replica: string },
): Promise<Restored> =>
  archiving.restoreTo({
    ...{ cluster, from, target, without: point.without, tables, where: where ?? null, into, primary },
    run: book.run.slice(-8),
  });

/** Whatever becomes of the copy, the replica waits as it did. */
async function whileItStands(
  book: Runbook,
  { cluster, point, archived }: Facts,
  replica: DelayedReplica,
  work: () => Promise<Restored>,
): Promise<Restored> {
  const order = { cluster, replica, target: point.target, unwanted: subtractText(archived, point.target) };
  try {
    await book.step(
      'Stop the delayed replica right before the target',
      () => archiving.stopBefore(order),
      ({ transactions }) => `${replica.name} has applied ${transactions} transactions at once`,
    );
    return await work();
  } finally {
    await CancellationScope.nonCancellable(() =>
      book.step(
        'Let the delayed replica wait as before',
        () => archiving.waitAgain(order),
        () =>
          `${replica.name} waits ${replica.delaySeconds} s${replica.applies ? '' : ', and is stopped as it was found'}`,
      ),
    ).catch(() => {
      book.found.left.push(
        `${replica.name} does not wait as before: STOP REPLICA SQL_THREAD; CHANGE REPLICATION SOURCE TO SOURCE_DELAY = ${replica.delaySeconds}; START REPLICA SQL_THREAD`,
      );
    });
  }
}

const tell = ({ applied }: Restored): string =>
  applied === null
    ? 'it was ready'
    : `${applied.transactions} transactions of ${applied.files} files in ${applied.seconds} s${applied.passedOver === '' ? '' : `, without ${applied.passedOver}`}`;

function headline(book: Runbook, order: RestoreOrder, { server, files, replaced }: Restored, { point }: Facts): string {
  if (server) {
    book.found.left.push(
      `look into it: ${server.connect}`,
      `it runs until it is stopped: ${server.stop}`,
      `it is no member of ${order.cluster}: it follows nobody, and the inventory does not name it. Tables go back with {"tables": […], "into": "cluster"}; a new member is filled by provisionReplica`,
    );
    return `A server at 127.0.0.1:${server.port} on the worker holds all up to ${point.because}`;
  }
  if (files.length > 0) return `In ${files.join(', ')}: as of ${point.because}`;
  for (const { table, kept } of replaced)
    if (kept !== null)
      book.found.left.push(`${kept} is ${table} as it was before, with its triggers: drop it when nobody needs it`);
  for (const { table, lacksTriggers = [] } of replaced)
    if (lacksTriggers.length > 0)
      book.found.left.push(
        `${table} lacks its triggers ${lacksTriggers.join(', ')}, which the account that copies may not make: take them from a file ({"into": "file"}), as one that may`,
      );
  const what = order.where === undefined ? '' : `Rows where ${order.where} of `;
  return `${what}${replaced.map(({ table }) => table).join(', ')} in the cluster as of ${point.because}`;
}

const wishOf = ({ to, before, at, gtids, without, tables, where, into, backup }: RestoreOrder): RestoreWish => ({
  ...{ to, before, at, gtids, without, tables, where, into, backup },
});
