import { type Restored } from '../activities';
import { approvalsOf } from './decisions/approvals';
import { type BackupManifest } from './decisions/backups/manifest';
import { decideRestore, planRestore, type RestoreFacts, type RestoreWish } from './decisions/archive/restore';
import { type Cluster } from './decisions/cluster';
import { type RunbookReport } from './decisions/report';
import { showOf } from './decisions/shown';
import { parseInput, type RestoreOrder, restoreOrder } from './inputs';
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

async function restore(book: Runbook, order: RestoreOrder, consent: Consent): Promise<RunbookReport> {
  const wish = wishOf(order);
  const facts = await look(book, order.cluster, wish);
  book.admit(approvalsOf(facts.cluster).people);
  const decision = decideRestore(wish, facts);
  book.found.decisions.push(decision.because);
  if (decision.act === 'refuse') {
    book.found.left.push(decision.cure);
    return keep(book.close('refused', `Refused, nothing was changed: ${decision.because}`));
  }
  if (order.into === 'cluster' && facts.primary === null)
    return keep(book.close('refused', 'Refused, nothing was changed: the cluster has no primary to restore into'));
  const plan = planRestore(order.cluster, wish, facts, decision);
  book.found.plan = plan;
  if (order.dryRun) return keep(book.close('planned', plan.summary));
  const lost = order.into === 'cluster' ? 'nothing: the present tables are kept' : 'nothing of the cluster is touched';
  const agreed = await consent({
    cluster: facts.cluster,
    plan,
    risks: plan.risks,
    shown: showOf(plan, lost, 'clients do not wait'),
    stillTrue: async () => {
      const now = await archiving.surveyRestore({ cluster: order.cluster, wish });
      const again = decideRestore(wish, now);
      return again.act === 'restore' && planRestore(order.cluster, wish, now, again).hash === plan.hash;
    },
  });
  if (agreed === 'look again') return restore(book, order, consent);
  if (agreed !== 'go on') return keep(book.close('rejected', `Not approved, nothing was changed: ${agreed.because}`));
  return keep(await carryOut(book, order, facts, decision.base));
}

const look = (book: Runbook, cluster: string, wish: RestoreWish): Promise<Facts> =>
  book.step(
    'Find the target in the archive, and a backup before it',
    () => archiving.surveyRestore({ cluster, wish }),
    ({ point, backups }) => `${point.because}; ${backups.length} backups`,
  );

async function carryOut(
  book: Runbook,
  order: RestoreOrder,
  facts: Facts,
  base: BackupManifest,
): Promise<RunbookReport> {
  book.phase('restore', `restoring ${order.cluster} to ${facts.point.because}`);
  try {
    const restored = await book.step(
      'Restore the backup, apply the archived transactions',
      () =>
        archiving.restoreTo({
          cluster: facts.cluster,
          run: book.run.slice(-8),
          base: base.id,
          target: facts.point.target,
          without: facts.point.without,
          tables: order.tables,
          into: order.into,
          primary: facts.primary,
        }),
      tell,
    );
    return book.close('done', headline(book, restored, facts));
  } catch (error) {
    return book.close('failed', `Not restored: ${failureWords(error)}`);
  }
}

const tell = ({ applied }: Restored): string =>
  applied === null
    ? 'it was ready'
    : `${applied.transactions} transactions of ${applied.files} files in ${applied.seconds} s${applied.passedOver === '' ? '' : `, without ${applied.passedOver}`}`;

function headline(book: Runbook, { server, files, replaced }: Restored, { point }: Facts): string {
  if (server) {
    book.found.evidence.push(`a server at 127.0.0.1:${server.port}: ${server.connect}`);
    book.found.left.push(`it runs until it is stopped: ${server.stop}`);
    return `A server at 127.0.0.1:${server.port} on the worker holds all up to ${point.because}`;
  }
  if (files.length > 0) return `${files.join(', ')} hold the tables as of ${point.because}`;
  for (const { table, kept } of replaced)
    if (kept !== null)
      book.found.left.push(`${kept} is ${table} as it was before, with its triggers: drop it when nobody needs it`);
  return `${replaced.map(({ table }) => table).join(', ')} in the cluster as of ${point.because}`;
}

const wishOf = ({ to, before, at, gtids, without, tables, into, backup }: RestoreOrder): RestoreWish => ({
  to,
  before,
  at,
  gtids,
  without,
  tables,
  into,
  backup,
});
