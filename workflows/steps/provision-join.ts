import { CancellationScope } from '@temporalio/workflow';
import { provisioningOf } from '../decisions/hosts';
import { type ProvisionPlan } from '../decisions/provision/decide';
import { presentPrimary } from '../decisions/rejoin';
import { type RunbookReport } from '../decisions/report';
import { executeAttach } from './attach';
import { copying, tidy } from './activities';
import { attempt } from './attempts';
import { type Filling } from './filling';

/** Filled: it becomes a replica like every other. Between two steps it can be cancelled; it then follows, and gets no reads. */
export async function join(filling: Filling, { donor, comparedWith: beside }: ProvisionPlan): Promise<RunbookReport> {
  const { book, order } = filling;
  const { instance } = order;
  const primary = await follow(filling);
  // A failover may have made it the primary meanwhile.
  const comparedWith = beside !== primary ? beside : null;
  if (comparedWith === null)
    book.found.left.push(
      `${instance} was compared with nobody: no other replica could be (its data came from ${donor})`,
    );
  else {
    book.phase('compare', `${instance} is compared with ${comparedWith}`);
    await compare(filling, comparedWith);
  }
  await settle(filling, primary);
  await letReadsCome(filling, primary);
  book.found.newPrimary = null;
  return book.close(
    'done',
    `${instance} replicates from ${primary}, has caught up${comparedWith === null ? '' : `, and holds what ${comparedWith} holds`}`,
  );
}

/** Point it at the primary under the lock, then let it catch up without. A failover meanwhile points it at the next primary. */
async function follow({ book, order, survey }: Filling): Promise<string> {
  const { cluster } = survey;
  const { instance } = order;
  for (;;) {
    book.phase('follow', `${instance} is pointed at the primary`);
    const primary = await executeAttach(book, order);
    book.phase('follow', `${instance} catches up with ${primary}`);
    const reached = await book.step(
      `Let ${instance} catch up with ${primary}`,
      async () => {
        for (;;) {
          const now = await copying.advance({ cluster, instance, primary, goal: 'follow' });
          if (now.reached || !now.primaryWell) return now.reached;
        }
      },
      (caughtUp) => (caughtUp ? 'within a heartbeat' : `${primary} is not well: it waits for the next primary`),
    );
    if (reached) return primary;
    await awaitPrimary({ book, order, survey });
  }
}

const LOOK_AGAIN_MS = 5_000;

async function awaitPrimary({ book, survey }: Pick<Filling, 'book' | 'order' | 'survey'>): Promise<void> {
  for (;;) {
    await book.rest(Date.now() + LOOK_AGAIN_MS);
    const snapshot = await copying.readMembers({ cluster: survey.cluster, without: [] });
    if (presentPrimary(survey.cluster, snapshot)) return;
  }
}

const compare = ({ book, order, survey }: Filling, donor: string) =>
  book.step(
    `Compare some tables with ${donor} at the same GTID set`,
    () =>
      CancellationScope.nonCancellable(() =>
        copying.compareSample({ cluster: survey.cluster, instance: order.instance, donor, seed: book.run }),
      ),
    ({ tables, rows }) => `${rows} rows of ${tables} tables are alike`,
  );

async function settle({ book, order, survey }: Filling, primary: string): Promise<void> {
  const { left } = await book.step(
    `Read the settings of ${order.instance} back`,
    () => tidy.settleRejoined({ cluster: survey.cluster, instance: order.instance, primary }),
    () => 'super_read_only for good, its semi-synchronous role',
  );
  book.found.left.push(...left);
}

/** Its caches are cold: a full share of reads at once would be answered slowly. */
const SHARES = [10, 50, 100];

async function letReadsCome({ book, order, survey }: Filling, primary: string): Promise<void> {
  const { cluster } = survey;
  const { instance } = order;
  if (cluster.routers.length === 0) return;
  const restMs = (provisioningOf(cluster).rampSeconds * 1_000) / (SHARES.length - 1);
  book.phase('reads', `reads come to ${instance} little by little`);
  for (const [index, percent] of SHARES.entries()) {
    const { routers } = await book.step(
      `Give ${instance} ${percent} % of its share of reads`,
      () => tidy.shareReads({ cluster, instance, percent }),
      ({ because }) => because,
    );
    if (index === 0)
      await attempt(
        book,
        'Point reads at the replicas that follow',
        () => tidy.routeReads({ cluster, primary, without: [] }),
        ({ because }) => because,
      );
    if (routers.length === 0) return;
    if (percent < 100) await book.rest(Date.now() + restMs);
  }
}
