import { type Deps, serverAsBackup } from '../../deps';
import { type Stoppable, takeBackup, type Taken, type TakeOrder } from '../take';
import { statementsOfAccounts } from './accounts';
import { dumpAll } from './dump';

/**
 * A logical backup from one consistent snapshot: nothing commits for the moment in which `parallel` dumps and as many counters open theirs; then the
 * server goes on, and every table is dumped, counted, compressed, sealed and stored, a large one in pieces. The manifest comes last. Only a server with tables
 * that have no snapshots (MyISAM) stands still until the end.
 * Throws TOOL_MISSING, TOOL_FAILED, STORE_UNREACHABLE, STORE_FULL, STORE_REFUSED, LOCK_WAIT_EXCEEDED and those of the server.
 */
export const takeLogical = (deps: Deps & Stoppable, order: TakeOrder): Promise<Taken> =>
  takeBackup(deps, order, async ({ policy: { parallel }, files, mark }) => {
    const accounts = () => statementsOfAccounts(serverAsBackup(deps, order.cluster, order.source));
    return {
      ...(await dumpAll(deps, { ...order, parallel, count: true, accounts }, () => files, mark)),
      ...{ kind: 'logical', tool: 'mysqldump', base: null },
    };
  });
