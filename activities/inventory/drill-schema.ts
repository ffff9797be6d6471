import { DRILL_MODES } from '../../workflows/decisions/drill-policy';
import { command, oneOf, span, strict, wholeNumber } from './words';

const milliseconds = (max: number, example: number) =>
  wholeNumber(1, max, `a whole number of milliseconds from 1 to ${max}`, `for example ${example}`);

const objective = strict(
  {
    rtoMs: milliseconds(86_400_000, 30_000)
      .default(30_000)
      .describe('A client behind any router may go without an acknowledgement for so long when the primary is killed.'),
    lostRows: wholeNumber(0, 1_000_000, 'a whole number from 0', 'for example 0')
      .default(0)
      .describe('So many acknowledged rows may be missing on the new primary.'),
    writeGapMs: milliseconds(600_000, 2_000)
      .default(2_000)
      .describe('The same as rtoMs, when the primary moves on purpose.'),
  },
  'an objective with rtoMs, lostRows and writeGapMs',
  'for example { rtoMs: 30000, lostRows: 0, writeGapMs: 2000 }',
).prefault({});

/** Rehearsals of a failover. */
export const drill = strict(
  {
    mode: oneOf(DRILL_MODES)
      .default('planned')
      .describe('planned: the primary moves on purpose and back. kill: it is killed; only where drillable is true.'),
    objective: objective.describe('What a drill asserts, at clients of its own. Missed: the run has failed.'),
    killCommand: command('[/usr/local/bin/drill-host]')
      .exactOptional()
      .describe(
        'Program that kills the server of the primary the hard way; JSON on its input. Default: its fenceCommand.',
      ),
    startCommand: command('[/usr/local/bin/drill-host]')
      .exactOptional()
      .describe('Program that starts it again. Without it: a supervisor, or a person.'),
    announceSeconds: span('seconds', 0, 604_800)
      .default(300)
      .describe('So long before anything is touched everybody may call it off.'),
    noticeSeconds: span('seconds', 1, 3_600)
      .default(30)
      .describe('A failover that nobody has begun by then is begun by the drill, which then has failed.'),
    startSeconds: span('seconds', 1, 86_400).default(300).describe('The killed server must answer again by then.'),
    minDaysBetween: span('days', 0, 3_660).default(7).describe('No drill sooner after the last one.'),
    errorBudget: strict(
      {
        missed: wholeNumber(1, 1000, 'a whole number from 1 to 1000', 'for example 1')
          .default(1)
          .describe('So many drills that missed the objective, and no other begins until a person says so.'),
        perDays: span('days', 1, 3_660).default(90).describe('Length of the window. Default 90.'),
      },
      'an error budget with missed and perDays',
      'for example { missed: 1, perDays: 90 }',
    )
      .prefault({})
      .describe('Missed drills are mended, not repeated.'),
    extras: oneOf(['ask', 'replay'])
      .default('ask')
      .describe(
        'Transactions that only the killed server has: ask, or let the primary take over those that only add rows.',
      ),
  },
  'a drill policy',
  'for example { mode: planned, objective: { rtoMs: 30000, lostRows: 0, writeGapMs: 2000 } }',
);
