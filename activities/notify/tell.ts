import { type Client, QueryNotRegisteredError, WorkflowNotFoundError } from '@temporalio/client';
import { type Told, type Trouble } from '../../workflows/decisions/delivery';
import { type Story } from '../../workflows/decisions/story';
import { storyQuery } from '../../workflows/messages';
import { type Deps } from '../deps';
import { openChannel } from './channels';

export interface TellOrder {
  readonly channel: string;
  readonly cluster: string;
  readonly workflowId: string;
  readonly run: string;
  readonly told: Told;
}

export interface Said {
  readonly told: Told;
  readonly trouble: Trouble | null;
  /** Nothing will come any more, and all that came was told. */
  readonly over: boolean;
  /** ISO 8601; null while the run runs. */
  readonly endedAt: string | null;
}

/** The question itself must not hang: a worker that does not answer is asked again later. */
const ASK_WITHIN_MS = 10_000;

/**
 * Tell one channel all that is new of one run. What does not arrive is a result, not a failure: with it comes what did, so that a
 * retry begins behind it. After a death `remembered` says how far it was; what was on its way then may have arrived (`unsure`).
 */
export async function tellChannel(
  deps: Pick<Deps, 'secret' | 'inventory' | 'heartbeat'> & {
    readonly client: Client;
    readonly attempt: () => number;
    readonly remembered: () => unknown;
    readonly warn: (sentence: string) => void;
  },
  order: TellOrder,
): Promise<Said> {
  const told = deps.attempt() > 1 ? { ...(toldIn(deps.remembered()) ?? order.told), unsure: true } : order.told;
  const read = await readStory(deps.client, order);
  if (read === null) return { told, trouble: null, over: true, endedAt: null };
  const { story, endedAt } = read;
  if (story === null) {
    const trouble = { because: `no worker tells of ${order.workflowId}`, againInSeconds: null };
    return { told, trouble, over: false, endedAt };
  }
  const channel = await openChannel(deps, order.channel, linkTo(await deps.inventory(), deps.client, order));
  if (channel === null) return { told, trouble: null, over: true, endedAt };
  const said = await channel.tell(story, told, deps.heartbeat);
  const ended = story.report !== null || story.brokeOff !== null;
  return { ...said, over: ended && said.trouble === null, endedAt: story.report?.endedAt ?? endedAt };
}

const toldIn = (remembered: unknown): Told | null =>
  typeof remembered === 'object' && remembered !== null && 'ids' in remembered ? (remembered as Told) : null;

/** null: Temporal has forgotten the run. A null story: nobody answers now. */
async function readStory(
  client: Client,
  { workflowId, run }: TellOrder,
): Promise<{ readonly story: Story | null; readonly endedAt: string | null } | null> {
  const handle = client.workflow.getHandle(workflowId, run);
  try {
    const { status, closeTime } = await client.withDeadline(Date.now() + ASK_WITHIN_MS, () => handle.describe());
    const endedAt = closeTime?.toISOString() ?? null;
    const story = await client
      .withDeadline(Date.now() + ASK_WITHIN_MS, () => handle.query(storyQuery))
      .catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError || error instanceof QueryNotRegisteredError) throw error;
        return null;
      });
    const brokeOff = status.name === 'RUNNING' || story?.report != null ? null : (ENDINGS[status.name] ?? 'it failed');
    return { story: story && { ...story, brokeOff }, endedAt };
  } catch (error) {
    // A run that ended before it opened its book has nothing to tell: its input was refused, and its caller has the sentence.
    if (error instanceof WorkflowNotFoundError || error instanceof QueryNotRegisteredError) return null;
    throw error;
  }
}

const ENDINGS: Readonly<Record<string, string>> = {
  TERMINATED: 'somebody terminated it: what it had begun stays as it is',
  CANCELLED: 'it was cancelled',
  TIMED_OUT: 'its time was over',
};

const linkTo = (
  { temporal: { webUi } }: Awaited<ReturnType<Deps['inventory']>>,
  { options: { namespace } }: Client,
  { workflowId, run }: TellOrder,
): string | null =>
  webUi === undefined
    ? null
    : `${webUi.replace(/\/$/, '')}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${run}/history`;
