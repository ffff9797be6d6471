import { CancellationScope } from '@temporalio/workflow';
import { type RunbookReport } from '../../decisions/report';
import { isSwitched } from '../../decisions/upgrading/phases';
import { tidy, upgrades } from '../activities';
import { attempt, repoint } from '../attempts';
import { keep } from '../keep';
import { failureWords } from '../runbook';
import { pointReads, replace } from './build';
import { goBack } from './move';
import { enter, primaryNow, type Upgrade } from './run';

const leaves = ({ book, cluster }: Upgrade, name: string): Promise<void> =>
  attempt(
    book,
    `${name} leaves the cluster`,
    () => upgrades.detach({ cluster, name }),
    (done) => (done === 'already' ? 'it copied from nobody' : 'it copies from nobody any more, and stays read-only'),
  );

/** Somebody called it off: first the old release is the primary again, then the new servers leave. */
export async function callOff(run: Upgrade): Promise<RunbookReport> {
  return CancellationScope.nonCancellable(async () => {
    const { book, standing, order, turn } = run;
    const who = turn.wish?.who ?? '';
    const by = who === '' ? '' : ` by ${who}`;
    // A switchover may have ended while this was said.
    const primary = (await primaryNow(run)) ?? standing.primary;
    if (standing.green.includes(primary) && !isSwitched(standing.phase))
      Object.assign(standing, { primary, phase: 'keep' });
    await book.nobodyWaits();
    if (isSwitched(standing.phase) && !(await goBack(run))) {
      book.found.left.push(`start upgradeCluster again: it goes on from where ${order.cluster} stands`);
      return keep(
        book.close(
          'failed',
          `Called off${by}, and not gone back: ${standing.primary} is the primary, ${standing.oldPrimary} follows it`,
        ),
      );
    }
    await book.nobodyWaits();
    if (order.mode === 'rolling') {
      await pointReads(run);
      book.found.left.push(
        `${standing.green.join(', ')} stay replicas as they are, those that were replaced on ${standing.to}: start upgradeCluster again to go on`,
      );
    } else {
      for (const name of standing.green) await leaves(run, name);
      book.found.left.push(`take ${standing.green.join(', ')} out of the inventory, or start upgradeCluster again`);
    }
    return keep(
      book.close(
        'rejected',
        `Called off${by}: ${standing.oldPrimary} is the primary, ${order.cluster} runs ${standing.from}`,
      ),
    );
  });
}

/** The new servers could not be made ready: they leave again, and the cluster is as it was. */
export async function giveUp(run: Upgrade, because: string): Promise<RunbookReport> {
  const { book, standing, order } = run;
  if (order.mode === 'blue/green') for (const name of standing.green) await leaves(run, name);
  else await pointReads(run);
  book.found.left.push('mend what it names, then start upgradeCluster again');
  const primary = (await primaryNow(run)) ?? standing.primary;
  const now = primary === standing.primary ? `${primary} is the primary as before` : `${primary} is the primary by now`;
  return keep(book.close('failed', `Not switched, ${now}: ${because}`));
}

/** The last phase: the way back is closed. What is agreed to is carried to its end. */
export async function retire(run: Upgrade): Promise<RunbookReport> {
  return CancellationScope.nonCancellable(async () => {
    const { book, cluster, standing, order } = run;
    enter(run, 'retire');
    await book.nobodyWaits();
    if (order.mode === 'rolling') {
      await replaceRest(run);
    } else {
      // The reads first: nobody is sent to a server that has just left.
      await attempt(
        book,
        'Point reads at the servers of the new release',
        () => tidy.routeReads({ cluster, primary: standing.primary, without: standing.blue }),
        ({ because }) => because,
      );
      for (const name of standing.blue) await leaves(run, name);
      book.found.left.push(
        `take ${standing.blue.join(', ')} and upgrade.green out of the inventory and out of the routers, keep a backup of ${standing.from}, then shut them down`,
      );
    }
    return keep(
      book.close(
        'done',
        `${order.cluster} runs ${standing.to}: ${standing.primary} is the primary, there is no way back to ${standing.from}`,
      ),
    );
  });
}

async function replaceRest(run: Upgrade): Promise<void> {
  const { book, cluster, standing } = run;
  for (const name of standing.blue) {
    await pointReads(run, [name]);
    try {
      await replace(run, name);
    } catch (error) {
      book.found.left.push(`${name} is not replaced: ${failureWords(error)}`);
      continue;
    }
    await repoint(book, cluster, name, standing.primary);
  }
  await pointReads(run);
}
