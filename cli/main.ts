#!/usr/bin/env node
import { CommanderError } from 'commander';
import { exitOfCommander, failureOf } from './failure';
import { buildProgram } from './program';

// `runbook list | head -1` closes our output early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

async function main(): Promise<void> {
  const program = buildProgram();
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = exitOfCommander(error);
      return;
    }
    const failure = failureOf(error);
    if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(failure.value, null, 2)}\n`);
    process.stderr.write(`${failure.text}\n`);
    if (process.env['RUNBOOK_DEBUG']) console.error(error);
    process.exitCode = failure.exit;
  }
}

void main();
