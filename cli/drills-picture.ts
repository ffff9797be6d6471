import { drawing, escapeXml, INK, round } from '../activities/reports/svg';
import { type DrillRecord } from '../workflows/decisions/drill';

const SIZE = { width: 880, height: 320, left: 70, right: 20, top: 40, bottom: 50 };
const COLOUR: Readonly<Record<DrillRecord['verdict'], string>> = {
  met: INK.good,
  missed: INK.bad,
  'not measured': INK.faint,
};

/** Recovery time of every drill that was measured, over time, with the objective as it was then. Logarithmic: drills differ by decades. */
export function drawDrills(cluster: string, drills: readonly DrillRecord[]): string {
  const { width, height, left, right, top, bottom } = SIZE;
  const measured = drills.filter((drill): drill is DrillRecord & { rtoMs: number } => drill.rtoMs !== null);
  const values = measured.flatMap(({ rtoMs, objectiveMs }) => [Math.max(rtoMs, 1), objectiveMs]);
  const decades = {
    from: Math.floor(Math.log10(Math.min(...values, 100))),
    to: Math.ceil(Math.log10(Math.max(...values, 1_000))),
  };
  const times = measured.map(({ endedAt }) => Date.parse(endedAt));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const x = (at: number): number =>
    round(
      last === first
        ? (left + width - right) / 2
        : left + 12 + ((at - first) / (last - first)) * (width - left - right - 24),
    );
  const y = (ms: number): number =>
    round(top + ((decades.to - Math.log10(Math.max(ms, 1))) / (decades.to - decades.from)) * (height - top - bottom));

  const grid = Array.from({ length: decades.to - decades.from + 1 }, (_, index) => 10 ** (decades.from + index)).map(
    (ms) =>
      `<line x1="${left}" y1="${y(ms)}" x2="${width - right}" y2="${y(ms)}" stroke="${INK.line}"/><text x="${left - 8}" y="${y(ms) + 4}" text-anchor="end" fill="${INK.faint}">${tell(ms)}</text>`,
  );
  const points = measured.map((drill) => {
    const [at, height] = [x(Date.parse(drill.endedAt)), y(drill.rtoMs)];
    const title = `${drill.endedAt.slice(0, 10)} ${drill.mode}: ${drill.rtoMs} ms, objective ${drill.objectiveMs} ms, ${drill.verdict}`;
    return `<circle cx="${at}" cy="${height}" r="5" fill="${COLOUR[drill.verdict]}"><title>${escapeXml(title)}</title></circle>`;
  });
  const steps = measured.map(({ endedAt, objectiveMs }, index) => {
    const [from, to] = [x(Date.parse(endedAt)), x(Date.parse(measured[index + 1]?.endedAt ?? endedAt))];
    return `${index === 0 ? `M${left} ${y(objectiveMs)} ` : ''}L${from} ${y(objectiveMs)} L${index === measured.length - 1 ? width - right : to} ${y(objectiveMs)}`;
  });
  const days = [...new Set([first, last])].filter(Number.isFinite).map((at) => {
    const [day] = new Date(at).toISOString().split('T');
    return `<text x="${x(at)}" y="${height - 18}" text-anchor="${at === first && first !== last ? 'start' : first === last ? 'middle' : 'end'}" fill="${INK.faint}">${day ?? ''}</text>`;
  });
  return drawing({ width, height, fontSize: 12 }, `Recovery time of the drills of ${cluster}`, [
    `<text x="${left}" y="24" fill="${INK.text}">${escapeXml(cluster)}: recovery time of ${measured.length} drills, the objective as a line</text>`,
    ...grid,
    `<path d="${steps.join(' ')}" fill="none" stroke="${INK.mark}" stroke-dasharray="6 4"/>`,
    ...points,
    ...days,
  ]);
}

const tell = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);
