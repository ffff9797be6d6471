import { type Outcome, type RunbookReport, type StepRecord } from '../../workflows/decisions/report';
import { drawing, escapeXml, INK, round } from './svg';
import { type Span, type TimeScale, timeScale } from './time-scale';

/** Half of it is what a phone shows: 20 px here is 10 px there. */
const SIZE = { width: 720, margin: 24, text: 20, small: 17, big: 26, row: 50, bar: 16, heading: 34 };
const INNER = SIZE.width - 2 * SIZE.margin;
/** Of the font, which is as wide for every character. */
const PER_CHARACTER = 0.603;
const DURATION_CHARACTERS = 9;
const MOST_ROWS = 20;
const LEAST_BAR = 4;

const OUTCOME: Readonly<Record<Outcome, string>> = {
  done: INK.good,
  planned: INK.good,
  'stood down': INK.faint,
  rejected: INK.faint,
  refused: INK.bad,
  failed: INK.bad,
};
const PHASES = ['#79c0ff', '#d2a8ff', '#ffa657', '#56d4dd', '#e3b341', '#f778ba'];

/**
 * A run as a picture: a bar for each step over time, coloured by the part of the paper, the moment writes were back as a line, the
 * outcome's colour on top. Long waits are cut, and of very many steps the longest are drawn, with what is left out named. Pure.
 */
export function drawTimeline(report: RunbookReport): string {
  const drawn = mostTelling(report.steps);
  const colours = new Map(
    [...new Set(report.steps.map(({ phase }) => phase))].map((phase, index) => [
      phase,
      PHASES[index % PHASES.length] ?? INK.mark,
    ]),
  );
  const scale = timeScale(report.steps.map(spanOf), wholeOf(report), INNER);
  const head = headOf(report);
  const back = backOf(report, scale);
  const top = head.bottom + (back === null ? 10 : 44);

  let y = top;
  let phase = '';
  const rows = drawn.flatMap((step) => {
    const colour = colours.get(step.phase) ?? INK.mark;
    const heading =
      step.phase === phase
        ? []
        : [words(SIZE.margin, y + 24, step.phase, { fill: colour, size: SIZE.small, bold: true })];
    y += heading.length * SIZE.heading;
    phase = step.phase;
    const row = rowOf(step, y, colour, scale);
    y += SIZE.row;
    return [...heading, ...row];
  });
  const left = report.steps.length - drawn.length;
  if (left > 0) {
    rows.push(words(SIZE.margin, y + 22, `… and ${left} shorter steps`, { fill: INK.faint, size: SIZE.small }));
    y += 30;
  }
  const bottom = y + 4;
  const cuts = scale.cuts.flatMap((cut) => cutAcross(cut, top, bottom));
  const height = bottom + 44;
  return drawing({ width: SIZE.width, height, fontSize: SIZE.text }, titleOf(report), [
    ...head.parts,
    ...cuts,
    ...(back === null ? [] : markOf(back, head.bottom, bottom)),
    ...rows,
    ...axisOf(report, bottom),
  ]);
}

const titleOf = ({ runbook, cluster, outcome }: RunbookReport): string => `${runbook} of ${cluster}: ${outcome}`;

function headOf(report: RunbookReport): { readonly parts: string[]; readonly bottom: number } {
  const colour = OUTCOME[report.outcome];
  const lines = wrapped(report.headline, Math.floor(INNER / (SIZE.text * PER_CHARACTER)), 3);
  const figures = [
    report.rto && `RTO ${tell(report.rto.totalMs)}`,
    report.rpo &&
      `RPO ${report.rpo.lostCount} lost${report.rpo.lostCount === 0 && !report.rpo.provablyZero ? ', not proven' : ''}`,
    `${report.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
  ].filter((figure) => typeof figure === 'string');
  const y = 92 + lines.length * 28;
  return {
    parts: [
      `<rect width="${SIZE.width}" height="12" fill="${colour}"/>`,
      words(SIZE.margin, 50, `${report.runbook} of ${report.cluster}`, { size: SIZE.big, bold: true }),
      words(SIZE.margin, 82, report.outcome === 'failed' ? 'FAILED' : report.outcome, {
        fill: colour,
        size: 22,
        bold: true,
      }),
      ...lines.map((line, index) => words(SIZE.margin, 112 + index * 28, line)),
      words(SIZE.margin, y + 22, figures.join(' · '), { fill: INK.faint, size: SIZE.small }),
    ],
    bottom: y + 34,
  };
}

/** Title and duration above the bar: a phone has no room beside it. */
function rowOf(step: StepRecord, y: number, colour: string, scale: TimeScale): string[] {
  const { from, to } = spanOf(step);
  const width = round(Math.max(LEAST_BAR, scale.x(to) - scale.x(from)));
  const x = SIZE.margin + Math.min(scale.x(from), INNER - width);
  const failed = step.state === 'failed';
  const state = step.state === 'done' ? '' : `${step.state}: `;
  return [
    words(SIZE.margin, y + 20, `${state}${step.title}`, {
      most: INNER - DURATION_CHARACTERS * SIZE.small * PER_CHARACTER,
      ...(failed && { fill: INK.bad }),
    }),
    words(SIZE.width - SIZE.margin, y + 20, tell(step.durationMs), {
      fill: INK.faint,
      size: SIZE.small,
      anchor: 'end',
    }),
    `<rect x="${SIZE.margin}" y="${y + 28 + SIZE.bar / 2 - 1}" width="${INNER}" height="2" fill="${INK.line}"/>`,
    `<rect x="${x}" y="${y + 28}" width="${width}" height="${SIZE.bar}" rx="3" fill="${failed ? INK.bad : colour}"/>`,
  ];
}

interface Back {
  readonly x: number;
  readonly label: string;
}

/** The first write that was proven through a router; of a switchover, when its routers led to the new primary. */
function backOf({ rto, steps }: RunbookReport, scale: TimeScale): Back | null {
  const at = rto === null ? routedAt(steps) : Date.parse(rto.to);
  if (at === null || Number.isNaN(at)) return null;
  return { x: SIZE.margin + scale.x(at), label: `writes back ${new Date(at).toISOString().slice(11, 19)}` };
}

function routedAt(steps: readonly StepRecord[]): number | null {
  for (const { startedAt, parts } of steps)
    for (const { name, atMs } of parts) if (name === 'routed') return Date.parse(startedAt) + atMs;
  return null;
}

function markOf({ x, label }: Back, top: number, bottom: number): string[] {
  const half = (label.length * SIZE.small * PER_CHARACTER) / 2;
  const middle = round(Math.min(Math.max(x, SIZE.margin + half), SIZE.width - SIZE.margin - half));
  return [
    words(middle, top + 20, label, { fill: INK.good, size: SIZE.small, bold: true, anchor: 'middle' }),
    `<path d="M${x} ${top + 28} V${bottom}" stroke="${INK.good}" stroke-width="2.5" stroke-dasharray="9 5"/>`,
  ];
}

function cutAcross({ x, width, ms }: TimeScale['cuts'][number], top: number, bottom: number): string[] {
  const label = tell(ms);
  const half = (label.length * 14 * PER_CHARACTER) / 2;
  const middle = Math.min(Math.max(SIZE.margin + x + width / 2, half + 2), SIZE.width - half - 2);
  return [
    `<rect x="${SIZE.margin + x}" y="${top}" width="${width}" height="${bottom - top}" fill="#161b22"/>`,
    words(round(middle), bottom - 2, label, { fill: INK.faint, size: 14, anchor: 'middle' }),
  ];
}

const axisOf = ({ startedAt, endedAt }: RunbookReport, y: number): string[] => [
  words(SIZE.margin, y + 26, startedAt.slice(11, 19), { fill: INK.faint, size: SIZE.small }),
  words(SIZE.width / 2, y + 26, `took ${tell(Date.parse(endedAt) - Date.parse(startedAt))}`, {
    fill: INK.faint,
    size: SIZE.small,
    anchor: 'middle',
  }),
  words(SIZE.width - SIZE.margin, y + 26, endedAt.slice(11, 19), { fill: INK.faint, size: SIZE.small, anchor: 'end' }),
];

interface Look {
  readonly fill?: string;
  readonly size?: number;
  readonly bold?: boolean;
  readonly anchor?: 'middle' | 'end';
  /** So many pixels, from the left margin to the right one unless told. */
  readonly most?: number;
}

function words(
  x: number,
  y: number,
  text: string,
  { fill = INK.text, size = SIZE.text, bold = false, anchor, most = INNER }: Look = {},
): string {
  const fitting = cut(oneLine(text), Math.floor(most / (size * PER_CHARACTER)));
  return `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}"${bold ? ' font-weight="bold"' : ''}${anchor ? ` text-anchor="${anchor}"` : ''} stroke="${INK.ground}" stroke-width="4" paint-order="stroke">${escapeXml(fitting)}</text>`;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');
const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

function wrapped(text: string, most: number, lines: number): string[] {
  const found = [''];
  for (const word of oneLine(text).trim().split(' ')) {
    const last = found.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > most) found.push(word);
    else found[found.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  if (found.length <= lines) return found;
  return [...found.slice(0, lines - 1), cut(found.slice(lines - 1).join(' '), most)];
}

/** Those that failed, and the longest, in their order. */
function mostTelling(steps: readonly StepRecord[]): StepRecord[] {
  const weight = ({ state, durationMs }: StepRecord): number => (state === 'failed' ? Infinity : (durationMs ?? 0));
  const kept = new Set(
    [...steps]
      .sort((one, other) => (weight(one) === weight(other) ? 0 : weight(other) - weight(one)))
      .slice(0, MOST_ROWS),
  );
  return steps.filter((step) => kept.has(step));
}

const spanOf = ({ startedAt, durationMs }: StepRecord): Span => {
  const from = Date.parse(startedAt);
  return { from, to: from + (durationMs ?? 0) };
};

function wholeOf({ steps, startedAt, endedAt }: RunbookReport): Span {
  const spans = steps.map(spanOf);
  return {
    from: Math.min(Date.parse(startedAt), ...spans.map(({ from }) => from)),
    to: Math.max(Date.parse(endedAt), ...spans.map(({ to }) => to)),
  };
}

const tell = (ms: number | null): string => {
  if (ms === null) return '…';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  if (ms < 3_600_000)
    return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`.replace(/ 0 s$/, '');
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`.replace(/ 0 min$/, '');
};
