import { type Client } from '@temporalio/client';
import { nextOpening, type Opening } from '../../workflows/decisions/calendar';
import { type DrillRecord } from '../../workflows/decisions/drill';
import { primaryOf } from '../../workflows/decisions/topology';
import { type Deps, serverNamed } from '../deps';
import { previewCluster, type Preview } from '../switchover/prepare';
import { lastChange, type LastChange } from './failover-run';
import { readDrills } from './history';

export interface DrillSurvey extends Preview {
  /** Where nobody takes writes, the inventory's policy alone can be judged. */
  readonly primary: string | null;
  readonly history: readonly DrillRecord[];
  readonly opening: Opening | null;
  readonly change: LastChange | null;
}

/** All that decides whether a cluster may be drilled now. Changes nothing. Throws UNKNOWN_CLUSTER. */
export async function surveyDrill(deps: Deps, client: Client, name: string, nowMs: number): Promise<DrillSurvey> {
  const [preview, change] = await Promise.all([previewCluster(deps, name), lastChange(client, name)]);
  const { cluster, snapshot } = preview;
  const found = primaryOf(snapshot, cluster);
  const primary = found.state === 'open' ? found.primary : null;
  return {
    ...preview,
    primary,
    history: primary === null ? [] : await readDrills(serverNamed(deps, cluster, primary), cluster.schema),
    opening: nextOpening(cluster.maintenanceWindows ?? [], nowMs),
    change,
  };
}
