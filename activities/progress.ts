import { type StageProgress } from '../workflows/decisions/progress';
import { type Deps } from './deps';

/** How far a long activity is: kept with its heartbeat for the next attempt, and shown under the running step wherever the run is looked at. */
export function tellProgress(deps: Pick<Deps, 'heartbeat' | 'progress'>, progress: StageProgress): void {
  deps.heartbeat({ progress });
  deps.progress?.(progress);
}
