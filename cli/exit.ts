import { type ErrorCode, errorCodes, familyOf, RunbookError } from '../activities/errors';
import { type Outcome } from '../workflows/decisions/report';

/** What the exit code of every command says. Other people's scripts read it. */
export const EXIT = { done: 0, failed: 1, wrongInput: 2, refused: 3, rejected: 4, stoodDown: 5 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_WORDS = `Exit codes: 0 done · 1 failed · 2 wrong input · 3 refused for safety · 4 rejected, or approval expired · 5 stood down`;

const BY_OUTCOME: Readonly<Record<Outcome, ExitCode>> = {
  done: EXIT.done,
  planned: EXIT.done,
  'stood down': EXIT.stoodDown,
  refused: EXIT.refused,
  rejected: EXIT.rejected,
  failed: EXIT.failed,
};

export const exitOfOutcome = (outcome: Outcome): ExitCode => BY_OUTCOME[outcome];

const WRONG_INPUT: readonly ErrorCode[] = ['INVALID_INPUT', 'INVENTORY_INVALID', 'UNKNOWN_CLUSTER'];

export function exitOfCode(code: ErrorCode): ExitCode {
  if (WRONG_INPUT.includes(code)) return EXIT.wrongInput;
  return code === 'NOT_ALLOWED' || familyOf(code) === 'not safe' ? EXIT.refused : EXIT.failed;
}

export const isErrorCode = (text: string): text is ErrorCode => errorCodes.some((code) => code === text);

/** A refusal of what was typed: one sentence, one cure, exit code 2. */
export const invalidInput = (message: string, hint: string): RunbookError =>
  new RunbookError({ code: 'INVALID_INPUT', message, hint });
