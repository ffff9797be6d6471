import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { costOfCancel } from '../../decisions/upgrading/phases';
import { tidy, upgrades } from '../activities';
import { attempt } from '../attempts';
import { firm } from '../return';
import { failureCode, failureWords } from '../runbook';
import { askAbout, whoSaid } from './ask';
import { copyInto } from './copy';
import { enter, primaryNow, type Upgrade } from './run';
import { castOf } from './turn';

/** Every green server has a source: filled where it was empty, replaced where it is the same server on the next release. */
export async function build(run: Upgrade): Promise<void> {
  const { standing, order } = run;
  enter(run, 'build');
  for (const name of standing.green) {
    if (order.mode === 'rolling') {
      await replaceReplica(run, name);
      continue;
    }
    if (run.toCopy.includes(name)) await copyInto(run, name);
    await follow(run, name);
  }
}

/** One at a time: clients read elsewhere meanwhile, and the next one stays until this one has come up again. */
async function replaceReplica(run: Upgrade, name: string): Promise<void> {
  await throwUnlessReplica(run, name);
  await pointReads(run, [name]);
  await replace(run, name);
  await follow(run, name);
  await comeUp(run, name);
  await pointReads(run);
}

/** A failover may have made it the primary since it was chosen. */
async function throwUnlessReplica(run: Upgrade, name: string): Promise<void> {
  const primary = await primaryNow(run);
  if (primary === run.standing.primary) return;
  throw ApplicationFailure.nonRetryable(
    `${primary ?? 'nobody'} takes the writes by now, not ${run.standing.primary}: the program of ${name} is not replaced`,
    'PLAN_CHANGED',
  );
}

/** Reads go to the replicas that follow, but for these. */
export async function pointReads({ book, cluster, standing }: Upgrade, without: readonly string[] = []): Promise<void> {
  if (cluster.routers.length === 0) return;
  await attempt(
    book,
    without.length > 0 ? `Point reads away from ${without.join(', ')}` : 'Point reads at the replicas that follow',
    () => tidy.routeReads({ cluster, primary: standing.primary, without }),
    ({ because }) => because,
  );
}

export async function replace({ book, cluster, order }: Upgrade, name: string): Promise<void> {
  await firm(
    book,
    `Replace the program of ${name} by ${order.to}`,
    () => upgrades.replaceProgram({ cluster, name, to: order.to, run: book.run }),
    (version) => `it runs ${version}`,
  );
}

async function follow({ book, cluster, standing }: Upgrade, name: string): Promise<void> {
  const { primary } = standing;
  // Called off in the middle, it would begin to follow when it has left already.
  await firm(
    book,
    `Let ${name} follow ${primary}`,
    async () => {
      const repointed = await upgrades.repointReplica({ cluster, replica: name, source: primary });
      await upgrades.awaitReceiver({ cluster, replica: name });
      return repointed;
    },
    ({ result }) => (result === 'already' ? 'it follows already' : 'it follows'),
  );
}

/** Green servers come up to the primary, however far they are. */
export async function catchUp(run: Upgrade): Promise<void> {
  enter(run, 'catch up');
  for (const name of run.standing.green) await comeUp(run, name);
}

async function comeUp(run: Upgrade, name: string): Promise<void> {
  const { book, standing } = run;
  for (;;)
    try {
      await book.step(
        `Let ${name} come up to ${standing.primary}`,
        () => follows(run, name),
        () => `${name} has all that ${standing.primary} commits within a heartbeat`,
      );
      return;
    } catch (error) {
      if (failureCode(error) !== 'RELAY_LOG_STALLED') throw error;
      await askWhetherToWait(run, name, failureWords(error));
    }
}

async function follows({ cluster, standing }: Upgrade, instance: string): Promise<void> {
  while (!(await upgrades.advance({ cluster, instance, primary: standing.primary, goal: 'follow' })).reached);
}

/** Days of copying are not thrown away because one lock was held for a minute. Throws a cancellation where nobody wants to wait on. */
async function askWhetherToWait(run: Upgrade, name: string, because: string): Promise<void> {
  const { cluster, standing, order, turn } = run;
  const goesOn = () =>
    upgrades.advance({ cluster, instance: name, primary: standing.primary, goal: 'follow' }).then(
      () => true,
      () => false,
    );
  const answer = await askAbout(run, {
    text: `${name} does not come up to ${standing.primary}: go on waiting?`,
    because: [because, `no: ${costOfCancel(standing.phase, castOf(order.cluster, standing))}`],
    mayBeLost: 'nothing',
    takes: 'nobody waits: clients go on; when it applies again, this question closes by itself',
    stillTrue: async () => turn.wish === null && !(await goesOn()),
  });
  if (answer.verdict === 'approved' || answer.verdict === 'overtaken') return;
  turn.wish = { who: whoSaid(answer), ends: true };
  throw new CancelledFailure(`called off: ${answer.reason}`);
}
