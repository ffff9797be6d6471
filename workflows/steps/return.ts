import { CancellationScope } from '@temporalio/workflow';
import { type Preview } from '../../activities';
import { type RejoinOrder } from '../inputs';
import { type Gate } from './approval';
import { type Runbook } from './runbook';

/** All that is needed to bring a server back. */
export interface Return {
  readonly book: Runbook;
  readonly gate: Gate;
  readonly order: RejoinOrder;
  readonly seen: Preview;
}

/** A change that has begun is carried to its end, whoever cancels the run. */
export const firm = <Result>(
  book: Runbook,
  title: string,
  work: () => Promise<Result>,
  tell: (result: Result) => string,
): Promise<Result> => book.step(title, () => CancellationScope.nonCancellable(work), tell);
