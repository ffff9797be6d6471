import { INK } from '../activities/reports/svg';
import { type DrillRecord } from '../workflows/decisions/drill';
import { drawTimes } from './times-picture';

const COLOUR: Readonly<Record<DrillRecord['verdict'], string>> = {
  met: INK.good,
  missed: INK.bad,
  'not measured': INK.faint,
};

/** Recovery time of every drill that was measured, over time, with the objective as it was then. */
export function drawDrills(cluster: string, drills: readonly DrillRecord[]): string {
  const measured = drills.flatMap((drill) => {
    const { endedAt, rtoMs: ms, objectiveMs, mode, verdict } = drill;
    if (ms === null) return [];
    const title = `${endedAt.slice(0, 10)} ${mode}: ${ms} ms, objective ${objectiveMs} ms, ${verdict}`;
    return [{ at: Date.parse(endedAt), ms, objectiveMs, colour: COLOUR[verdict], title }];
  });
  return drawTimes({
    title: `Recovery time of the drills of ${cluster}`,
    caption: `${cluster}: recovery time of ${measured.length} drills, the objective as a line`,
    measured,
  });
}
