import { INK } from '../activities/reports/svg';
import { type Verification } from '../workflows/decisions/backups/manifest';
import { drawTimes } from './times-picture';

/** How long everything took to be back, in every verification that restored its backup; red where it was found to be none. */
export function drawVerifications(cluster: string, verifications: readonly Verification[]): string {
  const measured = verifications.flatMap(({ at, restoreMs: ms, verdict, because }) =>
    ms === null
      ? []
      : [
          {
            ...{ at: Date.parse(at), ms, objectiveMs: null },
            colour: verdict === 'proven' ? INK.good : INK.bad,
            title: `${at.slice(0, 10)} ${verdict}: ${because}`,
          },
        ],
  );
  const unrestored = verifications.length - measured.length;
  return drawTimes({
    title: `Restores of the backups of ${cluster}`,
    caption: `${cluster}: from nothing to all rows, in ${measured.length} verifications${unrestored > 0 ? `; ${unrestored} could not be restored` : ''}`,
    measured,
  });
}
