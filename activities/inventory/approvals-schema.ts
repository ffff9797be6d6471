import { z } from 'zod';
import { flag, oneOf, says, span, strict, text, wholeNumber } from './words';

const groups = says('a list of groups', 'for example groups: [dba, managers]; the groups are those of people');

/** Who must agree to a plan of one cluster. How long a question stays open is failover.approvalMinutes. */
export const approvals = strict(
  {
    needed: wholeNumber(1, 10, 'a whole number from 1 to 10', 'for example 2')
      .default(1)
      .describe('So many different people must approve. One no ends it.'),
    groups: z
      .array(text('the name of a group', 'as it stands at people, for example dba'), groups)
      .default([])
      .describe('Whose approvals count, in the order in which they are asked. None: every approver, at once.'),
    twoPersons: flag('leave the line out for false').default(false).describe('Whoever started the run does not count.'),
    remindMinutes: span('minutes', 1, 10_080).default(10).describe('Those who are asked are reminded so often.'),
    escalateMinutes: span('minutes', 1, 10_080)
      .exactOptional()
      .describe('The next group is asked as well after so long.'),
    silence: oneOf(['reject', 'proceed', 'next group'])
      .default('reject')
      .describe(
        'When nobody answers in time. proceed: go on, where nothing but the policy asks; a risk is never agreed to by silence. next group: ask it, with as much time.',
      ),
    planned: oneOf(['go', 'ask'])
      .default('go')
      .describe('go: whoever starts a planned change has agreed to it. ask: it asks as a failover does.'),
  },
  'an approval policy',
  'for example { needed: 2, groups: [dba], twoPersons: true }',
).prefault({});
