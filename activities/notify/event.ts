import { z } from 'zod';
import { NEWS, outcomeOf, type RunEvent, type Story } from '../../workflows/decisions/story';

const line = z.string();

/** What webhooks and commands are given. Fields are only ever added. */
export const publicEvent = z.strictObject({
  version: z.literal(1),
  id: line.describe('The same at every try: what was received once is known by it.'),
  event: z
    .enum(NEWS)
    .describe('started, plan, question, answered, phase, control (somebody paused, resumed or called it off) or ended'),
  at: line.describe('When it happened, ISO 8601.'),
  runbook: line.describe('For example emergencyFailover.'),
  cluster: line,
  workflowId: line.describe('With run: the run in Temporal.'),
  run: line,
  title: line.describe('The whole of it in a sentence.'),
  lines: z.array(line).describe('What belongs to it, a sentence each.'),
  startedBy: line,
  trigger: line.describe('person, alert, schedule or watcher'),
  outcome: z
    .enum(['done', 'stood down', 'planned', 'refused', 'rejected', 'failed'])
    .nullable()
    .describe('How the run ended; null while it runs.'),
  question: z
    .strictObject({
      id: line,
      text: line,
      planHash: line,
      expiresAt: line,
      open: z.boolean(),
      needed: z.number().int().describe('So many different people must approve.'),
      given: z.array(line).describe('Who has approved by now.'),
      answers: z.array(line),
    })
    .nullable()
    .describe('What is asked, with question and answered. An answer names the first characters of planHash.'),
  link: line.nullable().describe("The run in Temporal's Web UI."),
});
export type PublicEvent = z.output<typeof publicEvent>;

export const toPublic = (event: RunEvent, story: Story, link: string | null): PublicEvent => ({
  version: 1,
  id: `${story.run}/${event.id}`,
  event: event.kind,
  at: event.at,
  runbook: story.runbook,
  cluster: story.cluster,
  workflowId: story.workflowId,
  run: story.run,
  title: event.title,
  lines: [...event.lines],
  startedBy: story.startedBy,
  trigger: story.trigger,
  outcome: event.kind === 'ended' ? outcomeOf(story) : null,
  question: event.question
    ? {
        id: event.question.id,
        text: event.question.text,
        planHash: event.question.planHash,
        expiresAt: event.question.expiresAt,
        open: event.question.open,
        needed: event.question.needed,
        given: event.question.given.map(({ by }) => by),
        answers: [...event.question.answers],
      }
    : null,
  link,
});

/** As it stands in docs/notification.schema.json. */
export function printEventSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(publicEvent, { target: 'draft-7' });
  return `${JSON.stringify({ $schema, title: 'mysql-runbooks event', ...schema }, null, 2)}\n`;
}
