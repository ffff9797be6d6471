import { type NewsKind } from '../../workflows/decisions/story';
import { endingOf, lastLine, runProgram } from '../programs/run';
import { type Channel, NotDelivered, oneByOne } from './delivery';
import { toPublic } from './event';

const DEADLINE_MS = 30_000;

/** Each event to a program on its input. Exit code 0 says that it arrived; anything else, and it is run again with the same id. */
export const program = (command: readonly string[], kinds: readonly NewsKind[], link: string | null): Channel =>
  oneByOne(kinds, async (event, story) => {
    const input = JSON.stringify(toPublic(event, story, link));
    const ended = await runProgram(command, { deadlineMs: DEADLINE_MS, input });
    const failed = endingOf(ended, DEADLINE_MS);
    if (failed === '') return;
    const last = lastLine(ended.stderr);
    throw new NotDelivered(`${command[0] ?? 'the program'} ${failed}${last === '' ? '' : `: ${last}`}`, {
      unsure: true,
    });
  });
