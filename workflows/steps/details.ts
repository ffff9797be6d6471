import { type StepRecord } from '../decisions/report';
import { tellShown, tellVoters } from '../decisions/shown';
import { type RunProgress } from '../messages';

const SIGN: Record<StepRecord['state'], string> = { running: '▶', done: '✔', failed: '✘', skipped: '–' };

/** The run as Markdown for the Web UI: what is happening, what is asked, exactly how to answer, and what was done. */
export function describeProgress(progress: RunProgress): string {
  const { question, plan, paused } = progress;
  return [
    `### ${progress.headline}`,
    ...(paused
      ? [
          '',
          `**Paused by ${paused.by}** until ${paused.until}${paused.reason ? `: ${paused.reason}` : ''}. Go on with the update \`resume\`, argument \`{"by": "you@example.com"}\`.`,
        ]
      : []),
    ...(question
      ? [
          '',
          `**Waiting for a human: ${question.text}** (until ${question.expiresAt}; ${question.silence})`,
          ...question.because.map((line) => `- ${line}`),
          // The steps stand below, with the plan.
          ...[...tellShown(question), ...tellVoters(question)].map((line) => `- ${line}`),
          '',
          'Answer with the update `approve` or `reject`, argument:',
          '```json',
          `{"by": "you@example.com", "reason": "…", "plan": "${question.planHash.slice(0, 12)}"}`,
          '```',
        ]
      : []),
    ...(plan
      ? [
          '',
          `**Plan ${plan.hash.slice(0, 12)}**: ${plan.summary}`,
          ...plan.lines.map((line) => `- ${line}`),
          ...plan.risks.map((risk) => `- ⚠ ${risk}`),
        ]
      : []),
    '',
    ...progress.steps.map(
      (step) =>
        `- ${SIGN[step.state]} ${step.title}${step.durationMs === null ? '' : ` · ${step.durationMs} ms`}${step.detail ? ` · ${step.detail}` : ''}`,
    ),
  ].join('\n');
}
