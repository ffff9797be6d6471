import { reportOf } from '../../lab/follow-run';
import { type RunbookReport } from '../../workflows/decisions/report';
import { caughtUp } from '../support/wait';
import { begin as started } from './faulty-worker';
import { type Incident } from './incident';

/** Start a planned switchover as a person would; resolves with its report. */
export const switchOver = async (scene: Pick<Incident, 'client' | 'lab'>, input: object = {}): Promise<RunbookReport> =>
  reportOf(await started(scene, input, 'plannedSwitchover'));

export interface Stall {
  /** One statement: from here on the replica applies nothing more. */
  begin(): Promise<void>;
  end(): Promise<void>;
}

/**
 * A replica whose applier can be stalled within the moment that a worker stands still, before that worker is missed: a table that the load
 * does not touch is held on it, and waits for its first row.
 */
export async function aboutToStall({ lab, faults }: Pick<Incident, 'lab' | 'faults'>, replica: string): Promise<Stall> {
  await lab.rows('db1', 'CREATE TABLE shop.stalls (id INT PRIMARY KEY AUTO_INCREMENT)');
  await caughtUp(lab, replica, 'db1');
  const end = await faults.holdApplier(replica, 'shop.stalls');
  const begin = async () => {
    await lab.rows('db1', 'INSERT INTO shop.stalls VALUES ()');
  };
  return { begin, end };
}
