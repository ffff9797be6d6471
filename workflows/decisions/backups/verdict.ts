import { type Check, type Verification } from './manifest';

/** What the checks say together. What was left out is said aloud. */
export function concludeVerification(
  backup: string,
  restoreMs: number | null,
  checks: readonly Check[],
): Pick<Verification, 'verdict' | 'because'> {
  const failed = checks.filter(({ verdict }) => verdict === 'failed');
  if (failed.length > 0 || restoreMs === null)
    return {
      verdict: 'failed',
      because: `${backup} is not a backup: ${failed.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}`,
    };
  const skipped = checks
    .filter(({ verdict }) => verdict === 'skipped')
    .map(({ name, detail }) => `${name} (${detail})`);
  const without = skipped.length > 0 ? `; left out: ${skipped.join(', ')}` : '';
  return {
    verdict: 'proven',
    because: `${backup} is a backup: restored in ${(restoreMs / 1000).toFixed(1)} s, ${checks.length - skipped.length} of ${checks.length} checks passed${without}`,
  };
}
