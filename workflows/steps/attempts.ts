import { type Cluster } from '../decisions/cluster';
import { tidy } from './activities';
import { failureWords, type Runbook } from './runbook';

/** A step that is tried for a while and, where it cannot be done, named as left over. It fails nothing. */
export async function attempt<Result>(
  book: Runbook,
  title: string,
  work: () => Promise<Result>,
  tell: (result: Result) => string,
): Promise<void> {
  try {
    await book.step(title, work, tell);
  } catch (error) {
    book.found.left.push(`${title} did not succeed: ${failureWords(error)}`);
  }
}

export const repoint = (book: Runbook, cluster: Cluster, replica: string, source: string): Promise<void> =>
  attempt(
    book,
    `Repoint ${replica} to ${source}`,
    () => tidy.repointReplica({ cluster, replica, source }),
    ({ result }) => (result === 'already' ? 'it followed already' : 'follows'),
  );
