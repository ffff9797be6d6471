import { CancellationScope } from '@temporalio/workflow';
import { compareQueries, fileOfQueries, tellQueries } from '../../decisions/upgrading/queries';
import { tidy, upgrades } from '../activities';
import { failureWords } from '../runbook';
import { enter, hoursFromNow, type Upgrade } from './run';

/** The new release proves itself: rows are compared with the old one's, and what clients ask is tried on both. */
export async function prove(run: Upgrade): Promise<void> {
  const { standing, order } = run;
  enter(run, 'soak');
  standing.untilMs = hoursFromNow(order.soakHours);
  await compare(run);
  await tryQueries(run);
}

/** A replica of the old release, which may be stopped for a while; null = there is the primary alone. */
const oldReplicaOf = ({ standing }: Upgrade): string | null =>
  standing.blue.find((name) => name !== standing.primary) ?? null;

async function compare(run: Upgrade): Promise<void> {
  const { book, cluster, standing, order } = run;
  const old = oldReplicaOf(run);
  const [fresh = ''] = standing.green;
  if (order.compareRows === 0 || old === null) {
    const why =
      old === null
        ? `${standing.primary} is the only server of ${standing.from}, and is not stopped for it`
        : 'as ordered';
    book.found.decisions.push(`rows were not compared: ${why}`);
    return;
  }
  try {
    const compared = await book.step(
      `Compare rows of ${old} and ${fresh} at one transaction`,
      () => upgrades.compareRows({ cluster, old, fresh, rows: order.compareRows }),
      ({ tables, rows, different }) => `${rows} rows of ${tables} tables, ${different.length} tables differ`,
    );
    book.found.evidence.push(
      compared.tables === 0
        ? 'no table was compared: the account sees none (accounts.backup)'
        : `${compared.rows} rows of ${compared.tables} tables are compared`,
      ...compared.different.map((line) => `differs: ${line}`),
    );
  } catch (error) {
    await CancellationScope.nonCancellable(() => tidy.applyAgain({ cluster, names: [old, fresh] })).catch(
      () => undefined,
    );
    throwIfCalledOff(error);
    book.found.evidence.push(`rows were not compared: ${failureWords(error)}`);
  }
}

async function tryQueries(run: Upgrade): Promise<void> {
  const { book, cluster, standing, order } = run;
  if (order.queries === 0) return;
  const [fresh = ''] = standing.green;
  const old = oldReplicaOf(run) ?? standing.primary;
  try {
    const tried = await book.step(
      `Try what clients ask on ${old} and ${fresh}`,
      () => upgrades.tryQueries({ cluster, primary: standing.primary, old, fresh, atMost: order.queries }),
      (found) => tellQueries(found, compareQueries(found)),
    );
    const findings = compareQueries(tried);
    book.found.evidence.push(
      tellQueries(tried, findings),
      ...findings.map(({ kind, sentence }) => `${kind}: ${sentence}`),
      ...(tried.length > 0
        ? [`each of them, with times and plans: ${fileOfQueries(order.to)} beside this report`]
        : []),
    );
  } catch (error) {
    throwIfCalledOff(error);
    book.found.evidence.push(`statements were not tried: ${failureWords(error)}`);
  }
}

function throwIfCalledOff(error: unknown): void {
  if (CancellationScope.current().consideredCancelled) throw error;
}
