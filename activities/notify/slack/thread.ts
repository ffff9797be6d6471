import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type WebClient } from '@slack/web-api';
import { type Told } from '../../../workflows/decisions/delivery';
import { type Person } from '../../../workflows/decisions/people';
import { eventsOf, type RunEvent, type Story } from '../../../workflows/decisions/story';
import { type SlackSettings } from '../../inventory/notification-schema';
import { type Channel, NotDelivered, troubleOf } from '../delivery';
import { calling, refusedWith, slackClient } from './client';
import { callAtStart, type Message, replyTo, rootMessage } from './messages';
import { pictureName, postPicture } from './picture';

export interface SlackOrder {
  readonly settings: SlackSettings;
  readonly token: string;
  readonly people: readonly Person[];
  readonly link: string | null;
  readonly warn: (sentence: string) => void;
}

interface Posted {
  readonly ts: string;
  /** It had arrived already. */
  readonly found: boolean;
}

const EVENT_TYPE = 'mysql_runbooks_news';
/** Slack lets an app post one message per second and channel. */
const BETWEEN_POSTS_MS = 1_000;
/** A look for a message of ours goes no further back than the run, and no further than this many pages. */
const MOST_PAGES = 10;

/**
 * One thread per run: its first message is edited to the present state, replies tell plan, questions, parts and the result. Slack knows
 * no idempotency key, so every message carries its own in its metadata, and after a call whose answer was lost (`unsure`) the channel
 * is read before anything is posted again. Source: docs.slack.dev, "Message metadata", "Rate limits".
 */
export const slackThread = (order: SlackOrder): Channel => ({
  async tell(story, before, keep) {
    const thread = new Thread(order, story, before, keep);
    try {
      await thread.tell();
      return { told: thread.told, trouble: null };
    } catch (error) {
      if (!(error instanceof NotDelivered)) throw error;
      return { told: { ...thread.told, unsure: thread.told.unsure || error.unsure }, trouble: troubleOf(error) };
    }
  },
});

class Thread {
  told: Told;
  readonly #slack: WebClient;
  readonly #order: SlackOrder;
  readonly #story: Story;
  readonly #keep: (told: Told) => void;
  #postedAt = -BETWEEN_POSTS_MS;

  constructor(order: SlackOrder, story: Story, told: Told, keep: (told: Told) => void) {
    this.#slack = slackClient(order.settings, order.token);
    this.#order = order;
    this.#story = story;
    this.told = told;
    this.#keep = keep;
  }

  /** The state first, it is what people look at; then the thread in the order of events. */
  async tell(): Promise<void> {
    await this.#showState();
    for (const event of eventsOf(this.#story)) {
      if (event.kind === 'started') continue;
      if (this.told.ids.includes(event.id)) {
        if (event.kind === 'question' && !event.reminder && event.question?.open === true) await this.#refresh(event);
        continue;
      }
      if (event.kind === 'answered') await this.#close(event);
      else await this.#reply(event);
      this.#note(event.id);
    }
    if (this.told.ids.includes('ended')) await this.#picture();
  }

  get #channel(): string {
    const { channel, channels } = this.#order.settings;
    return this.told.marks['channel'] ?? channels[this.#story.cluster] ?? channel;
  }

  async #showState(): Promise<void> {
    const message = rootMessage(this.#story, this.#order);
    const shown = digestOf(message);
    if (this.told.marks['root'] === undefined) {
      const called = { ...message, text: `${callAtStart(this.#order)}${message.text}` };
      const { ts, found } = await this.#post('started', called, null);
      this.#note('started', { channel: this.#channel, root: ts, shown: found ? 'an earlier state' : shown });
    }
    const { root, shown: before } = this.told.marks;
    if (root === undefined || before === shown) return;
    await this.#edit(root, message);
    this.#note(null, { shown });
  }

  async #reply(event: RunEvent): Promise<void> {
    const message = replyTo(event, this.#story, this.#order);
    const { ts, found } = await this.#post(event.id, message, this.told.marks['root'] ?? null);
    if (event.kind === 'question')
      this.#note(null, { [event.id]: ts, [shownMark(event)]: found ? 'an earlier state' : digestOf(message) });
  }

  /** Who has approved by now, who was asked since. */
  async #refresh(event: RunEvent): Promise<void> {
    const message = replyTo(event, this.#story, this.#order);
    const [ts, shown] = [this.told.marks[event.id], digestOf(message)];
    if (ts === undefined || this.told.marks[shownMark(event)] === shown) return;
    await this.#edit(ts, message);
    this.#note(null, { [shownMark(event)]: shown });
  }

  /** The buttons go, and the message says who answered. */
  async #close(event: RunEvent): Promise<void> {
    const ts = this.told.marks[`question:${event.question?.id ?? ''}`];
    if (ts !== undefined) await this.#edit(ts, replyTo(event, this.#story, this.#order));
  }

  async #edit(ts: string, message: Message): Promise<void> {
    await calling('an edit', () => this.#slack.chat.update({ channel: this.#channel, ts, ...message }));
  }

  async #post(id: string, message: Message, thread: string | null): Promise<Posted> {
    const key = `${this.#story.run}/${id}`;
    // Without the scopes to read it is not known, and telling twice beats not telling.
    const found = this.told.unsure ? await this.#find((one) => keyOf(one) === key, thread) : null;
    if (found !== null && found !== 'unreadable') return { ts: found, found: true };
    // One that did not arrive: whatever comes behind it was not sent either.
    this.told = { ...this.told, unsure: false };
    await pause(Math.max(0, this.#postedAt + BETWEEN_POSTS_MS - performance.now()));
    const metadata = { event_type: EVENT_TYPE, event_payload: { key } };
    const sent = { channel: this.#channel, ...message, unfurl_links: false, metadata };
    const answer = await calling('a message', () =>
      this.#slack.chat.postMessage(
        thread === null ? sent : { ...sent, thread_ts: thread, reply_broadcast: isLoud(id) },
      ),
    );
    this.#postedAt = performance.now();
    if (answer.ts === undefined) throw new NotDelivered('Slack told no time stamp of a message', { unsure: true });
    return { ts: answer.ts, found: false };
  }

  /**
   * Tried once, and noted before it is tried: the end is told already, so a picture that is missing beats one that comes twice, and nothing
   * waits for it.
   */
  async #picture(): Promise<void> {
    const [{ report }, { root: thread, picture }] = [this.#story, this.told.marks];
    if (report === null || report.steps.length === 0 || thread === undefined || picture !== undefined) return;
    this.#note(null, { picture: 'tried' });
    try {
      const name = pictureName(report);
      // A worker may have died behind the upload and before its note was heard.
      if (this.told.unsure && (await this.#find((one) => filesOf(one).includes(name), thread)) !== null) return;
      await postPicture(this.#slack, report, { channel: this.#channel, thread });
      this.#note(null, { picture: 'there' });
    } catch (error) {
      this.#order.warn(
        `the timeline picture is not in Slack, its text is: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** The first message like this, if it arrived. */
  async #find(isIt: (message: object) => boolean, thread: string | null): Promise<string | null> {
    const oldest = String(Math.floor(Date.parse(this.#story.startedAt) / 1000) - 60);
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const where = {
        channel: this.#channel,
        oldest,
        include_all_metadata: true,
        limit: 200,
        ...(cursor && { cursor }),
      };
      const read = await calling('a look at the channel', () =>
        thread === null
          ? this.#slack.conversations.history(where)
          : this.#slack.conversations.replies({ ...where, ts: thread }),
      ).catch((error: unknown) => {
        if (refusedWith(error, 'missing_scope')) return null;
        throw error instanceof NotDelivered ? stillUnsure(error) : error;
      });
      if (read === null) return 'unreadable';
      const found = (read.messages ?? []).find(isIt);
      if (found?.ts !== undefined) return found.ts;
      cursor = read.response_metadata?.next_cursor;
      if (cursor === undefined || cursor === '') return null;
    }
    return null;
  }

  #note(id: string | null, marks: Readonly<Record<string, string>> = {}): void {
    const { ids, marks: before, unsure } = this.told;
    this.told = { ids: id === null || ids.includes(id) ? ids : [...ids, id], marks: { ...before, ...marks }, unsure };
    this.#keep(this.told);
  }
}

const digestOf = (message: Message): string =>
  createHash('sha256').update(JSON.stringify(message)).digest('hex').slice(0, 16);

const shownMark = ({ id }: RunEvent): string => `${id}/shown`;

/** A question, and the end, are shown in the channel too. */
const isLoud = (id: string): boolean => id === 'ended' || id.startsWith('question:');

const stillUnsure = (error: NotDelivered): NotDelivered =>
  new NotDelivered(error.message, { againInSeconds: error.againInSeconds, unsure: true });

const filesOf = (message: object): unknown[] =>
  ((message as { readonly files?: readonly { readonly name?: unknown }[] }).files ?? []).map(({ name }) => name);

const keyOf = (message: object): unknown => {
  const { metadata } = message as { readonly metadata?: { readonly event_payload?: { readonly key?: unknown } } };
  return metadata?.event_payload?.key;
};
