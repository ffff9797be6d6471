import { z } from 'zod';
import { command, says, strict, text } from './words';

const words = says('a list of instances', 'for example green: [db4, db5]; leave the line out where there is none');

/** The release of this cluster is to change, or is changing. */
export const upgrade = strict(
  {
    green: z
      .array(text('the name of an instance', 'for example db4'), words)
      .min(1, words)
      .exactOptional()
      .describe('Instances that run the next release, or will: the fleet beside the one of today.'),
    replaceCommand: command('[/opt/replace-mysql]')
      .exactOptional()
      .describe(
        'Program that stops a server, puts the next release in its place and starts it again, for upgrades in place; JSON on its input, may run twice.',
      ),
  },
  'the parts of an upgrade',
  'for example { green: [db4, db5] }',
);
