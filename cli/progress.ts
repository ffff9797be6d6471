import pc from 'picocolors';
import { type StepRecord } from '../workflows/decisions/report';
import { tellShown, tellVoters } from '../workflows/decisions/shown';
import { type Question, type RunProgress } from '../workflows/messages';

/** A run as lines for a terminal: the headline, each step with its state and time, the open question last because it waits for the reader. */
export function renderProgress(progress: RunProgress, run: string, now = Date.now()): string[] {
  const { runbook, cluster, phase, headline, steps, question, outcome, paused } = progress;
  return [
    pc.bold(`${runbook} of ${cluster}: ${outcome ?? phase}`),
    ...(headline === '' ? [] : [headline]),
    '',
    ...steps.map((step) => renderStep(step, now)),
    ...(paused === null || outcome !== null
      ? []
      : [
          '',
          pc.bold(
            pc.yellow(`‖ paused by ${paused.by} until ${paused.until}${paused.reason ? `: ${paused.reason}` : ''}`),
          ),
          `    runbook resume ${run}`,
        ]),
    ...(question === null || outcome !== null
      ? []
      : [
          '',
          pc.bold(pc.yellow(`? ${question.text}`)),
          ...question.because.map((because) => `    ${because}`),
          ...renderShown(question),
          `    open until ${question.expiresAt}; ${question.silence}`,
          `    runbook approve ${run} --plan ${question.planHash.slice(0, 8)}`,
          `    runbook reject ${run} --reason "…"`,
        ]),
  ];
}

/** What an approver needs beside the reasons, and who is asked. */
export const renderShown = (question: Question): string[] =>
  [...question.shown.what.map((line) => `will: ${line}`), ...tellShown(question), ...tellVoters(question)].map(
    (line) => `    ${line}`,
  );

const MARKS: Readonly<Record<StepRecord['state'], () => string>> = {
  done: () => pc.green('✔'),
  running: () => pc.cyan('▸'),
  failed: () => pc.red('✘'),
  skipped: () => pc.dim('–'),
};

export function renderStep(step: StepRecord, now = Date.now()): string {
  const ms = step.durationMs ?? Math.max(0, now - Date.parse(step.startedAt));
  const detail = step.detail === '' ? '' : `  ${pc.dim(step.detail)}`;
  return `  ${MARKS[step.state]()} ${duration(ms).padStart(8)}  ${step.title}${detail}`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** Shows a run as it goes on: redraws on a terminal, prints each step once elsewhere. */
export interface Display {
  show(progress: RunProgress): void;
}

export const displayFor = (stream: NodeJS.WriteStream, run: string): Display =>
  stream.isTTY ? redrawing(stream, run) : appending(stream, run);

function redrawing(stream: NodeJS.WriteStream, run: string): Display {
  let drawn = 0;
  return {
    show(progress) {
      // A line that wraps, or a page longer than the screen, would make the cursor go up by too little.
      const lines = renderProgress(progress, run)
        .map((line) => clip(line, stream.columns || 80))
        .slice(-((stream.rows || 24) - 1));
      const back = drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '';
      stream.write(`${back}${lines.join('\n')}\n`);
      drawn = lines.length;
    },
  };
}

function appending(stream: NodeJS.WriteStream, run: string): Display {
  let said = 0;
  let asked = '';
  return {
    show(progress) {
      const settled = progress.steps.filter(({ state }) => state !== 'running');
      for (const step of settled.slice(said)) stream.write(`${renderStep(step)}\n`);
      said = Math.max(said, settled.length);
      if (progress.question && progress.question.id !== asked) {
        asked = progress.question.id;
        stream.write(`${renderProgress({ ...progress, steps: [] }, run).join('\n')}\n`);
      }
    },
  };
}

/** Cut to a width, not counting colour codes. */
export function clip(line: string, width: number): string {
  let seen = 0;
  let cut = '';
  for (const part of line.split(COLOUR)) {
    if (part.startsWith('\u001b')) cut += part;
    else {
      cut += part.slice(0, Math.max(0, width - seen));
      seen += part.length;
    }
  }
  return cut;
}

const COLOUR = /(\u001b\[[0-9;]*m)/;
