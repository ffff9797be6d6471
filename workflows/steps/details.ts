import { type StepRecord } from '../decisions/report';
import { tellShown, tellVoters } from '../decisions/shown';
import { type Question } from '../decisions/question';
import { type RunProgress } from '../messages';

const SIGN: Record<StepRecord['state'], string> = { running: '▶', done: '✔', failed: '✘', skipped: '–' };

/** The run as Markdown for the Web UI: what is happening, what is asked, exactly how to answer, and what was done. */
export function describeProgress({ headline, question, plan, paused, steps }: RunProgress): string {
  return [
    `### ${headline}`,
    ...(paused
      ? [
          `**Paused by ${paused.by}** until ${clock(paused.until)}${paused.reason ? `: ${paused.reason}` : ''}. Go on with the update \`resume\`:`,
          json({ by: YOU }),
        ]
      : []),
    ...(question ? ask(question) : []),
    ...(plan
      ? [
          `**Plan ${plan.hash.slice(0, 12)}**: ${plan.summary}`,
          bullets([...plan.lines, ...plan.risks.map((risk) => `⚠ ${risk}`)]),
        ]
      : []),
    ...(steps.length > 0 ? [table(steps)] : []),
  ]
    .filter((block) => block !== '')
    .join('\n\n'); // the Web UI takes a list or a table for one only behind an empty line
}

const YOU = 'you@example.com';

const ask = (question: Question): string[] => [
  `**Waiting for a human: ${question.text}** Until ${clock(question.expiresAt)}; ${question.silence}.`,
  'Answer by *More Actions*, *Send an Update*, `approve`; this is the input:',
  json({ by: YOU, plan: question.planHash.slice(0, 12) }),
  'Or `reject`:',
  json({ by: YOU, reason: 'why not' }),
  '**Why it asks, and what was seen**',
  // The steps stand below, with the plan.
  bullets([...question.because, ...tellShown(question), ...tellVoters(question)]),
];

const table = (steps: readonly StepRecord[]): string =>
  [
    '| | step | | what came of it |',
    '|---|---|---|---|',
    ...steps.map(({ state, title, durationMs, detail }) =>
      row([SIGN[state], title, durationMs === null ? '' : `${durationMs} ms`, detail]),
    ),
  ].join('\n');

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`;

const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

const json = (input: object): string =>
  ['```json', JSON.stringify(input).replaceAll(/(?<="):|(?<="),/g, '$& '), '```'].join('\n');

/** `2026-11-21 03:12:05 UTC` */
const clock = (at: string): string => at.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');
