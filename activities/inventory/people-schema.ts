import { z } from 'zod';
import { ROLES } from '../../workflows/decisions/people';
import { oneOf, says, strict, text } from './words';

const roles = says(`a list of roles: ${ROLES.join(', ')}`, 'for example roles: [operator, approver]');

const person = strict(
  {
    name: text('a name', 'as it stands in reports and in --as, for example ana@example.com').describe(
      'As it stands in reports: an e-mail address, or a team.',
    ),
    roles: z
      .array(oneOf(ROLES), roles)
      .min(1, roles)
      .describe('viewer sees; operator starts runbooks; approver answers questions; breaker may override them.'),
    group: text('the name of a group', 'for example dba')
      .exactOptional()
      .describe('Who answers for whom: an approval policy names groups.'),
    slack: text('a Slack user id', 'it begins with U or W, as in U012AB3CD')
      .regex(/^[UW][A-Z0-9]{2,}$/, says('a Slack user id', 'it begins with U or W, as in U012AB3CD'))
      .exactOptional()
      .describe('Slack user id: whose button it was, and who is mentioned.'),
    email: text('an e-mail address', 'for example ana@example.com')
      .exactOptional()
      .describe('Default: the name, where it has an @.'),
  },
  'a person with name and roles',
  'for example { name: ana@example.com, roles: [operator, approver], group: dba, slack: U012AB3CD }',
);

export const people = z
  .array(person, says('a list of people', 'leave the line out where everybody who reaches Temporal may answer'))
  .default([])
  .describe(
    'Who may do what. Empty: everybody who reaches Temporal may start and answer, under the name that they give.',
  );
