import { timeScale } from '../../activities/reports/time-scale';
import { drawTimeline } from '../../activities/reports/timeline-picture';
import { reportOf, step } from './timeline';

const bars = (svg: string): { x: number; width: number; fill: string }[] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="16" rx="3" fill="(#\w+)"/g)].map(
    ([, x, width, fill]) => ({ x: Number(x), width: Number(width), fill: fill! }),
  );

test('a bar for each step in the colour of its part, the failed one red, and the moment writes were back between them', () => {
  const svg = drawTimeline(reportOf());
  const drawn = bars(svg);
  expect(drawn).toHaveLength(4);
  expect(new Set(drawn.map(({ fill }) => fill)).size).toBe(4);
  expect(drawn[3]?.fill).toBe('#ff7b72');
  expect(svg).toContain('writes back 03:03:03');
  const back = Number(/<path d="M([\d.]+) /.exec(svg)?.[1]);
  expect(back).toBeGreaterThan(drawn[2]!.x + drawn[2]!.width);
  expect(back).toBeLessThan(drawn[3]!.x);
  // To scale where work is done.
  expect(drawn[1]!.width / drawn[0]!.width).toBeCloseTo(640 / 410, 1);
  expect(svg).toContain('RTO 3 min 4 s');
});

test('the outcome gives its colour', () => {
  const top = (svg: string): string | undefined => /height="12" fill="(#\w+)"/.exec(svg)?.[1];
  expect(top(drawTimeline(reportOf()))).toBe('#7ee787');
  expect(top(drawTimeline(reportOf({ outcome: 'failed' })))).toBe('#ff7b72');
  expect(top(drawTimeline(reportOf({ outcome: 'rejected' })))).toBe('#8b949e');
});

test('of a switchover, writes are back when its routers led to the new primary', () => {
  const parts = [
    { name: 'frozen', atMs: 100 },
    { name: 'routed', atMs: 1_900 },
  ];
  const svg = drawTimeline(reportOf({ rto: null, steps: [step('switch', 'Switch', 1_000, 3_000, { parts })] }));
  expect(svg).toContain('writes back 03:00:02');
});

test('whatever the words and times are, the drawing is one, and of many steps the longest and the failed are in it', () => {
  const many = Array.from({ length: 60 }, (_, index) =>
    step(
      'x',
      `step ${index} <&"\u0000\ud800`,
      index * 10,
      index === 3 ? 0 : index,
      index === 3 ? { state: 'failed' } : {},
    ),
  );
  const odd = [
    reportOf({ steps: many, headline: 'w<i>de '.repeat(200) }),
    reportOf({ steps: [], rto: null, endedAt: reportOf().startedAt }),
    reportOf({ steps: [step('x', '', 0, null)], rto: null }),
  ].map(drawTimeline);
  for (const svg of odd) {
    expect(svg).not.toMatch(/NaN|Infinity|undefined|<i>|\u0000/);
    expect(svg).not.toMatch(/="-/);
  }
  expect(odd[0]).toContain('failed: step 3 ');
  expect(odd[0]).toContain('step 59 ');
  expect(odd[0]).toContain('… and 40 shorter steps');
});

test('a long wait is cut and named, work stays to scale', () => {
  const work = [
    { from: 0, to: 1_000 },
    { from: 601_000, to: 602_000 },
  ];
  const { x, cuts } = timeScale(work, { from: 0, to: 602_000 }, 626);
  expect([x(0), x(1_000), x(601_000), x(602_000), x(9e9)]).toEqual([0, 300, 326, 626, 626]);
  expect(cuts).toEqual([{ x: 300, width: 26, ms: 600_000 }]);
  expect(timeScale([], { from: 5, to: 5 }, 626).x(5)).toBe(0);
});
