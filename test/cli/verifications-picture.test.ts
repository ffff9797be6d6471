import { drawVerifications } from '../../cli/verifications-picture';
import { type Verification } from '../../workflows/decisions/backups/manifest';

const verification = (at: string, restoreMs: number | null, verdict: Verification['verdict'] = 'proven') =>
  ({ at, restoreMs, verdict, because: `restored <in> ${restoreMs ?? 'no time'}` }) as Verification;

test('every restore that was measured is a point, failed ones are red, and those that restored nothing are counted', () => {
  const svg = drawVerifications('orders', [
    verification('2026-11-01T00:00:00Z', 41_000),
    verification('2026-11-08T00:00:00Z', 45_000, 'failed'),
    verification('2026-11-15T00:00:00Z', null, 'failed'),
  ]);
  expect(svg.match(/<circle /g)).toHaveLength(2);
  expect(svg).toContain('orders: from nothing to all rows, in 2 verifications; 1 could not be restored');
  expect(svg).toContain('2026-11-01 proven: restored &lt;in&gt; 41000');
  expect(new Set([...svg.matchAll(/<circle [^>]*fill="([^"]+)"/g)].map(([, colour]) => colour)).size).toBe(2);
  expect(svg).not.toContain('stroke-dasharray');
});

test('none is a picture, too', () => {
  expect(drawVerifications('orders', [])).not.toMatch(/NaN|Infinity/);
});
