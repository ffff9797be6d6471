import { sleep } from '@temporalio/workflow';
import { type Cluster } from '../decisions/cluster';
import { type Holdup, tellHoldup } from '../decisions/holdups';
import { type SwitchoverOrder } from '../inputs';
import { careful } from './activities';
import { type Runbook } from './runbook';

const LOOK_EVERY_MS = 2_000;

/**
 * Before anything is held or frozen: wait until no session is in the way, end those that are left where the order says so. Returns why it
 * cannot go on, or null.
 */
export async function drain(
  book: Runbook,
  order: SwitchoverOrder,
  cluster: Cluster,
  primary: string,
): Promise<string | null> {
  book.phase('drain', `waiting for sessions on ${primary} that would be in the way`);
  const left = await book.step(
    'Drain: list what would hold up the freeze',
    () => untilNone(order, cluster, primary),
    (holdups) => (holdups.length === 0 ? 'nothing is in the way' : holdups.map(tellHoldup).join('; ')),
  );
  if (left.length === 0) return null;
  if (!order.killHoldups)
    return `${left.map(tellHoldup).join('; ')}: end them, wait longer (drainSeconds), or let them be ended (killHoldups)`;
  await book.step(
    'Drain: end the sessions that are in the way',
    () => careful.endHoldups({ cluster, name: primary, sessions: left.map(({ session }) => session) }),
    () => left.map(tellHoldup).join('; '),
  );
  return null;
}

async function untilNone(order: SwitchoverOrder, cluster: Cluster, name: string): Promise<Holdup[]> {
  const until = Math.min(
    Date.now() + order.drainSeconds * 1_000,
    order.notAfter === undefined ? Infinity : Date.parse(order.notAfter),
  );
  for (;;) {
    const holdups = await careful.holdupsOn({ cluster, name });
    if (holdups.length === 0 || Date.now() >= until) return holdups;
    await sleep(LOOK_EVERY_MS, { summary: 'Wait for sessions in the way' });
  }
}
