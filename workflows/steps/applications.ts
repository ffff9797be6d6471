import { type Looking } from '../../activities';
import { type Application, type Cluster } from '../decisions/cluster';
import { applicationsAfter, type Comeback, type Whereabouts } from '../decisions/applications';
import { type ClusterSnapshot, readable } from '../decisions/facts';
import { tidy } from './activities';
import { attempt } from './attempts';
import { type Runbook } from './runbook';

export interface Moved extends Whereabouts {
  readonly cluster: Cluster;
  /** As seen before the change. */
  readonly snapshot: ClusterSnapshot;
  /** Routers through which no write came. */
  readonly dark: readonly string[];
  readonly after: 'failover' | 'switchover';
}

/**
 * Applications that hold on to the old primary are told; those that come back by themselves are left alone. All at once, beside the rest
 * of the tidying, and only when writes are proven: one that is sent into the dark would be worse off. Rejects never, fails nothing.
 */
export async function lookAfter(book: Runbook, moved: Moved): Promise<void> {
  const { cluster, snapshot, oldPrimary, newPrimary, dark, after } = moved;
  const concerned = applicationsAfter(cluster, after);
  if (concerned.length === 0) return;
  if (dark.length > 0) {
    for (const { name } of concerned)
      book.found.left.push(`${name} was not restarted, for no write came through ${dark.join(', ')}: do it after that`);
    return;
  }
  const before = readable(snapshot.members).find(({ name }) => name === newPrimary)?.newestSession ?? 0;
  const heldSince = await tidy.lastSession({ cluster, name: oldPrimary }).catch(() => null);
  const marks = { arrivedAfter: before, heldSince };
  await Promise.all(
    concerned.map((application) => lookAfterOne(book, { cluster, application, oldPrimary, newPrimary, ...marks })),
  );
}

const lookAfterOne = (book: Runbook, order: Looking): Promise<void> =>
  attempt(
    book,
    `See that ${order.application.name} comes back`,
    async () => {
      const end = await comeback(book.run, order);
      if (!end.back) book.found.left.push(tellLeft(order.application, end));
      return end;
    },
    ({ because }) => because,
  );

async function comeback(run: string, order: Looking): Promise<Comeback> {
  const { patienceSeconds, deadlineSeconds } = order.application;
  const alone = await tidy.awaitSessions({ ...order, withinSeconds: patienceSeconds });
  if (alone.back) return { ...alone, because: `${alone.because}, by itself` };
  const told = await tidy.restartApplication({ ...order, run });
  const after = await tidy.awaitSessions({ ...order, withinSeconds: deadlineSeconds });
  return { ...after, because: `${after.because}; its command ${told}` };
}

const tellLeft = ({ name }: Application, { because }: Comeback): string =>
  `${name} did not come back: ${because}. Look where it connects, and restart it by hand`;
