import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { type Deps } from '../activities/deps';
import { type Inventory } from '../activities/inventory/inventory';
import { slackClient } from '../activities/notify/slack/client';
import { interactionIn, type Press, presserOf, readPress, type VotePress } from '../activities/notify/slack/press';
import { type Seen, type SignedRequest, verifySlackRequest } from '../activities/notify/slack/signature';
import { approveUpdate, cancelUpdate, rejectUpdate, type Vote, type Word } from '../workflows/messages';
import { type DoorEvent } from './audit';

export interface SlackDeps {
  readonly client: Client;
  readonly inventory: () => Promise<Pick<Inventory, 'slack' | 'people'>>;
  readonly secret: Deps['secret'];
  readonly onFailure: (error: unknown) => void;
  readonly audit?: (event: DoorEvent) => void;
}

/** What Slack is told over HTTP; its body is shown to nobody. */
export interface SlackAnswer {
  readonly status: 200 | 401 | 404;
  readonly body: string;
}

/** The run answers in milliseconds; Slack marks the press as failed when it has heard nothing for 3 s. */
const ANSWER_WITHIN_MS = 2_500;

/**
 * A button press as an HTTP request, for whoever serves HTTP: pass the raw body. 401 for what is not Slack's own, fresh and new; 404
 * where no signing secret is in the inventory; 200 for everything else, also for a vote that does not count: the one who pressed is told
 * why, and nobody else. Never throws for what was sent.
 */
export const slackInteractions =
  (deps: SlackDeps, seen: Seen) =>
  async (request: SignedRequest): Promise<SlackAnswer> => {
    const { slack } = await deps.inventory();
    if (!slack?.signingSecret) return { status: 404, body: 'Slack is not set up here: slack.signingSecret is missing' };
    const secret = await deps.secret(slack.signingSecret);
    const verdict = verifySlackRequest(request, { secret, nowMs: Date.now(), seen });
    if (verdict !== 'good') return { status: 401, body: `the signature is ${verdict}` };
    await takeInteraction(deps, interactionIn(request.rawBody));
    return { status: 200, body: '' };
  };

/** What a verified interaction asks for. Of no interest: done. A press: the run is told, and a refusal whispered to who pressed. */
export async function takeInteraction(deps: SlackDeps, interaction: unknown): Promise<void> {
  const press = readPress(interaction);
  if (!press) return;
  const { people } = await deps.inventory();
  const presser = presserOf(press, people);
  const refused = 'refused' in presser ? presser.refused : await tellRun(deps.client, press, presser.by);
  const { verdict, workflowId: workflow, run } = press;
  const by = 'refused' in presser ? press.slackUser : presser.by;
  const outcome = refused === null ? 'counted' : 'refused';
  deps.audit?.({
    what: verdict === 'call off' ? 'cancel' : 'vote',
    door: 'slack',
    by,
    workflow,
    run,
    outcome,
    text: `${verdict}${refused === null ? '' : `: ${refused}`}`,
  });
  // The message itself is edited by the run's news, whoever answered and wherever.
  if (refused !== null) await whisper(deps, press, refused).catch(deps.onFailure);
}

/** null when it counts, else the run's own sentence. */
async function tellRun(client: Client, press: Press, by: string): Promise<string | null> {
  try {
    await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      press.verdict === 'call off' ? callOff(client, press, by) : vote(client, press, by),
    );
    return null;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return (error.cause ?? error).message;
    if (error instanceof WorkflowNotFoundError) return 'This run has ended: nothing was changed by your answer.';
    return 'The run did not answer in time. Look at the message: if the button is still there, press again.';
  }
}

function vote(client: Client, { verdict, workflowId, run, question, plan }: VotePress, by: string): Promise<string> {
  const reason = verdict === 'reject' ? { reason: 'rejected by the button in Slack' } : {};
  const ballot: Vote = { by, plan, question, door: 'slack', ...reason };
  return client.workflow
    .getHandle(workflowId, run)
    .executeUpdate(verdict === 'approve' ? approveUpdate : rejectUpdate, { args: [ballot] });
}

function callOff(client: Client, { workflowId, run }: Press, by: string): Promise<string> {
  const word: Word = { by, reason: 'by the button in Slack' };
  return client.workflow.getHandle(workflowId, run).executeUpdate(cancelUpdate, { args: [word] });
}

async function whisper(
  { inventory, secret }: SlackDeps,
  { verdict, channel, slackUser, message }: Press,
  text: string,
): Promise<void> {
  const { slack } = await inventory();
  if (!slack) return;
  await slackClient(slack, await secret(slack.token)).chat.postEphemeral({
    channel,
    user: slackUser,
    text,
    // The first message is read in the channel, a question's in its thread.
    ...(verdict !== 'call off' && { thread_ts: message }),
  });
}
