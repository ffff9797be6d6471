import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps } from '../deps';
import { applyAgain, type Compared as RowsCompared, type CompareOrder as RowsOrder, compareRows } from './compare';
import { detach } from './detach';
import { type BrokenLink, type LinksOrder, watchLinks } from './links';
import { type QueriesOrder, tryQueries } from './queries';
import { precheckUpgrade, type PrecheckOrder } from './precheck';
import { replaceProgram, type ReplaceOrder } from './replace';
import { shorten, type ShortPrecheck } from './short';
import { type TriedQuery } from '../../workflows/decisions/upgrading/queries';

export type { BrokenLink, RowsCompared };

/** What an upgrade asks the world for. */
export function upgradeActivities(deps: Deps) {
  return {
    precheckUpgrade: async ({
      cluster,
      ...order
    }: PrecheckOrder & { readonly cluster: Cluster }): Promise<ShortPrecheck> =>
      shorten(deps, await precheckUpgrade(deps, cluster, order)),
    watchLinks: (order: LinksOrder): Promise<BrokenLink[]> => watchLinks(deps, order),
    detach: ({
      cluster,
      name,
    }: {
      readonly cluster: Cluster;
      readonly name: string;
    }): Promise<'already' | 'detached'> => detach(deps, cluster, name),
    replaceProgram: (order: ReplaceOrder): Promise<string> => replaceProgram(deps, order),
    tryQueries: (order: QueriesOrder): Promise<TriedQuery[]> => tryQueries(deps, order),
    compareRows: (order: RowsOrder): Promise<RowsCompared> => compareRows(deps, order),
    applyAgain: ({ cluster, names }: { readonly cluster: Cluster; readonly names: readonly string[] }): Promise<void> =>
      applyAgain(deps, cluster, names),
  };
}
