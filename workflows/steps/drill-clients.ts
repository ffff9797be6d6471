import { CancellationScope } from '@temporalio/workflow';
import { type ClientsOrder } from '../../activities';
import { acknowledgedRows, type Seen } from '../decisions/drill';
import { clients, drill } from './activities';
import { type Runbook } from './runbook';

export interface Measured<Result> {
  /** null = no client came through, and nothing was done. */
  readonly result: Result | null;
  /** null = nobody saw it. */
  readonly seen: Seen | null;
}

/**
 * Do `work` while clients of the drill write through every router, from before its begin until each was served once more after its end.
 * Where they do not come through at first nothing is done, unless it is the way back.
 */
export async function whileClientsWrite<Result>(
  book: Runbook,
  order: ClientsOrder,
  primary: string,
  work: () => Promise<Result>,
): Promise<Measured<Result>> {
  const scope = new CancellationScope();
  const writing = scope.run(() => clients.writeThroughout(order)).catch(() => null);
  const begun = await book
    .step(
      `Clients write through every router, ${order.part}`,
      () => drill.awaitClients({ ...order, primary }),
      () => 'a row of each is on the primary',
    )
    .then(
      () => true,
      () => false,
    );
  const result = begun || order.part === 'back' ? await work() : null;
  scope.cancel();
  const seen = await writing;
  book.found.evidence.push(
    ...(seen?.clients ?? []).map(
      ({ router, longestMs }) =>
        `${order.part}: the client behind ${router} waited ${longestMs} ms at most for an acknowledgement`,
    ),
    `${order.part}: ${acknowledgedRows(seen)} rows were acknowledged`,
  );
  return { result, seen: begun ? seen : null };
}
