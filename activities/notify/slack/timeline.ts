import { type StepRecord } from '../../../workflows/decisions/report';
import { cut, fitLines } from './text';

const WIDTH = 24;

/**
 * The run as a picture of text, for a code block: a bar per step, drawn to the scale of the whole run. It stands where the picture
 * (picture.ts) cannot be uploaded.
 */
export function timelineOf(steps: readonly StepRecord[], most: number): string {
  const begin = Math.min(...steps.map(startOf));
  const whole = Math.max(1, ...steps.map((step) => startOf(step) + (step.durationMs ?? 0) - begin));
  const drawn = steps.map((step) => {
    const from = Math.min(WIDTH - 1, Math.floor(((startOf(step) - begin) / whole) * WIDTH));
    const length = Math.min(WIDTH - from, Math.max(1, Math.round(((step.durationMs ?? 0) / whole) * WIDTH)));
    const bar = `${'·'.repeat(from)}${(step.state === 'failed' ? '░' : '█').repeat(length)}${'·'.repeat(WIDTH - from - length)}`;
    return `${bar} ${lasted(step.durationMs).padStart(8)}  ${cut(step.title.replaceAll('`', "'"), 90)}`;
  });
  return fitLines(drawn, most);
}

const startOf = (step: StepRecord): number => Date.parse(step.startedAt);

const lasted = (ms: number | null): string =>
  ms === null
    ? '…'
    : ms < 10_000
      ? `${Math.round(ms)} ms`
      : ms < 600_000
        ? `${Math.round(ms / 1000)} s`
        : `${Math.round(ms / 60_000)} min`;
