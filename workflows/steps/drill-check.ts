import { sleep } from '@temporalio/workflow';
import { leftBehind } from '../decisions/came-along';
import { type Cluster } from '../decisions/cluster';
import { type Assertion } from '../decisions/drill';
import { survey } from './activities';
import { type RunEnd } from './drill-runs';
import { type Allowed } from './rehearsal';
import { failureWords, type Runbook } from './runbook';

/** Applications that a run names under what is left to do have not come along. */
export const applicationsLeft = ({ left }: RunEnd, { seen }: Allowed): Assertion[] =>
  left
    .filter((line) => (seen.cluster.applications ?? []).some(({ name }) => line.startsWith(`${name} `)))
    .map((sentence) => ({ holds: false, measured: true, sentence }));

const LOOKS = 10;

/** Did every router and replica come along? They are given a moment: tidying may still be under way. */
export async function checkSurroundings(
  book: Runbook,
  cluster: Cluster,
  primary: string,
  without: readonly string[],
): Promise<Assertion[]> {
  try {
    const behind = await book.step(
      `See that every router and replica came along to ${primary}`,
      () => lookUntil(cluster, primary, without),
      (found) => (found.length === 0 ? 'all of them' : found.join('; ')),
    );
    return behind.map((sentence) => ({ holds: false, measured: true, sentence }));
  } catch (error) {
    return [{ holds: false, measured: false, sentence: `routers and replicas were not seen: ${failureWords(error)}` }];
  }
}

async function lookUntil(cluster: Cluster, primary: string, without: readonly string[]): Promise<string[]> {
  for (let looks = 1; ; looks += 1) {
    const seen = await survey.previewCluster({ cluster: cluster.name });
    const behind = leftBehind(seen, primary, without);
    if (behind.length === 0 || looks >= LOOKS) return behind;
    await sleep('2 s');
  }
}
