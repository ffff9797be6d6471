import { CancellationScope } from '@temporalio/workflow';
import { tellQueries, compareQueries } from '../../decisions/upgrading/queries';
import { careful, tidy, upgrades } from '../activities';
import { failureWords } from '../runbook';
import { copyInto } from './copy';
import { enter, hoursFromNow, type Upgrade } from './run';

/** Every green server has a source: filled where it was empty, replaced where it is the same server on the next release. */
export async function build(run: Upgrade): Promise<void> {
  const { standing, order } = run;
  enter(run, 'build');
  for (const name of standing.green) {
    if (order.mode === 'rolling') await replace(run, name);
    if (run.toCopy.includes(name)) await copyInto(run, name);
    await follow(run, name);
  }
}

export async function replace({ book, cluster, order }: Upgrade, name: string): Promise<void> {
  await book.step(
    `Replace the program of ${name} by ${order.to}`,
    // A program that is being replaced is replaced to the end, whoever calls the run off meanwhile.
    () =>
      CancellationScope.nonCancellable(() => upgrades.replaceProgram({ cluster, name, to: order.to, run: book.run })),
    (version) => `it runs ${version}`,
  );
}

async function follow({ book, cluster, standing }: Upgrade, name: string): Promise<void> {
  const { primary } = standing;
  await book.step(
    `Let ${name} follow ${primary}`,
    async () => {
      const repointed = await careful.repointReplica({ cluster, replica: name, source: primary });
      await careful.awaitReceiver({ cluster, replica: name });
      return repointed;
    },
    ({ result }) => (result === 'already' ? 'it follows already' : 'it follows'),
  );
}

/** Green servers come up to the primary, however far they are. */
export async function catchUp(run: Upgrade): Promise<void> {
  const { book, standing } = run;
  enter(run, 'catch up');
  for (const name of standing.green)
    await book.step(
      `Let ${name} come up to ${standing.primary}`,
      () => follows(run, name),
      () => `${name} has all that ${standing.primary} commits within a heartbeat`,
    );
}

async function follows({ cluster, standing }: Upgrade, instance: string): Promise<void> {
  while (!(await upgrades.advance({ cluster, instance, primary: standing.primary, goal: 'follow' })).reached);
}

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
    );
  } catch (error) {
    throwIfCalledOff(error);
    book.found.evidence.push(`statements were not tried: ${failureWords(error)}`);
  }
}

function throwIfCalledOff(error: unknown): void {
  if (CancellationScope.current().consideredCancelled) throw error;
}
