import { type CommanderError } from 'commander';
import { RunbookError } from '../activities/errors';
import { EXIT, exitOfCode, type ExitCode } from './exit';

/** What a person reads when a command fails, and what a program gets with --json. Never a stack trace. */
export interface Failure {
  readonly text: string;
  readonly exit: ExitCode;
  readonly value: { readonly error: { readonly code: string; readonly message: string; readonly hint: string } };
}

export function failureOf(error: unknown): Failure {
  const known = error instanceof RunbookError ? error : unforeseen(error);
  const { code, message, hint } = known;
  // A list of findings ends in a line break of its own.
  const text = message.endsWith('\n') ? `${message}${hint}` : `${message}. ${hint}`;
  return {
    text: `runbook: ${text}`,
    exit: exitOfCode(code),
    value: { error: { code, message: message.trimEnd(), hint } },
  };
}

const unforeseen = (cause: unknown) =>
  new RunbookError({
    code: 'INTERNAL',
    message: `this command failed in an unforeseen way: ${firstLine(cause)}`,
    hint: 'Runs that were started go on; look with `runbook status`. RUNBOOK_DEBUG=1 prints where it happened, for a report.',
    cause,
  });

const firstLine = (cause: unknown) =>
  ((cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '').replace(/\.$/, '');

/** Commander has already printed its sentence, or the help that was asked for. */
export const exitOfCommander = (error: CommanderError): ExitCode =>
  error.exitCode === 0 || error.code === 'commander.help' ? EXIT.done : EXIT.wrongInput;
