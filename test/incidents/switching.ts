import { reportOf } from '../../lab/follow-run';
import { type RunbookReport } from '../../workflows/decisions/report';
import { begin } from './faulty-worker';
import { type Incident } from './incident';

/** Start a planned switchover as a person would; resolves with its report. */
export const switchOver = async (scene: Pick<Incident, 'client' | 'lab'>, input: object = {}): Promise<RunbookReport> =>
  reportOf(await begin(scene, input, 'plannedSwitchover'));
