import { drawing, escapeXml, INK, round } from '../activities/reports/svg';

const SIZE = { width: 880, height: 320, left: 70, right: 20, top: 40, bottom: 50 };

/** One measured time. `at`: milliseconds since 1970. */
export interface Measured {
  readonly at: number;
  readonly ms: number;
  readonly colour: string;
  /** Shown when one points at it. */
  readonly title: string;
  /** As it was then; null = there is none. */
  readonly objectiveMs: number | null;
}

export interface TimesPicture {
  readonly title: string;
  readonly caption: string;
  /** The oldest first. */
  readonly measured: readonly Measured[];
}

/** Times that were measured, over time, with their objective as a line. Logarithmic: they differ by decades. */
export function drawTimes({ title, caption, measured }: TimesPicture): string {
  const { width, height, left, right, top, bottom } = SIZE;
  const values = measured.flatMap(({ ms, objectiveMs }) => [Math.max(ms, 1), objectiveMs ?? Math.max(ms, 1)]);
  const decades = {
    from: Math.floor(Math.log10(Math.min(...values, 100))),
    to: Math.ceil(Math.log10(Math.max(...values, 1_000))),
  };
  const times = measured.map(({ at }) => at);
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
  const points = measured.map(
    (one) =>
      `<circle cx="${x(one.at)}" cy="${y(one.ms)}" r="5" fill="${one.colour}"><title>${escapeXml(one.title)}</title></circle>`,
  );
  const aims = measured.flatMap(({ at, objectiveMs }) => (objectiveMs === null ? [] : [{ at, objectiveMs }]));
  const steps = aims.map(({ at, objectiveMs }, index) => {
    const [from, to] = [x(at), x(aims[index + 1]?.at ?? at)];
    return `${index === 0 ? `M${left} ${y(objectiveMs)} ` : ''}L${from} ${y(objectiveMs)} L${index === aims.length - 1 ? width - right : to} ${y(objectiveMs)}`;
  });
  const days = [...new Set([first, last])].filter(Number.isFinite).map((at) => {
    const [day] = new Date(at).toISOString().split('T');
    return `<text x="${x(at)}" y="${height - 18}" text-anchor="${at === first && first !== last ? 'start' : first === last ? 'middle' : 'end'}" fill="${INK.faint}">${day ?? ''}</text>`;
  });
  return drawing({ width, height, fontSize: 12 }, title, [
    `<text x="${left}" y="24" fill="${INK.text}">${escapeXml(caption)}</text>`,
    ...grid,
    ...(steps.length > 0
      ? [`<path d="${steps.join(' ')}" fill="none" stroke="${INK.mark}" stroke-dasharray="6 4"/>`]
      : []),
    ...points,
    ...days,
  ]);
}

const tell = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);
