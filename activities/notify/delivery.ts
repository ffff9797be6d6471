import { type Told, type Trouble } from '../../workflows/decisions/delivery';
import { eventsOf, type NewsKind, type RunEvent, type Story } from '../../workflows/decisions/story';

/** No single call to a channel lasts longer: below the heartbeat's deadline, so that no replaced attempt still sends. */
export const SEND_WITHIN_MS = 10_000;

/** Why something did not arrive. `unsure`: it may have, all the same. */
export class NotDelivered extends Error {
  readonly againInSeconds: number | null;
  readonly unsure: boolean;

  constructor(because: string, { againInSeconds = null as number | null, unsure = false } = {}) {
    super(because);
    this.name = 'NotDelivered';
    this.againInSeconds = againInSeconds;
    this.unsure = unsure;
  }
}

/** Where a run is told. `keep` is called after everything that arrived, so that a death in between tells little twice. */
export interface Channel {
  tell(
    story: Story,
    told: Told,
    keep: (told: Told) => void,
  ): Promise<{ readonly told: Told; readonly trouble: Trouble | null }>;
}

/** A channel that is sent one event after the other, each until it arrives: the next never overtakes it. */
export const oneByOne = (
  kinds: readonly NewsKind[],
  send: (event: RunEvent, story: Story) => Promise<void>,
): Channel => ({
  async tell(story, before, keep) {
    let told = before;
    for (const event of eventsOf(story)) {
      if (!kinds.includes(event.kind) || told.ids.includes(event.id)) continue;
      try {
        await send(event, story);
      } catch (error) {
        if (!(error instanceof NotDelivered)) throw error;
        return { told: { ...told, unsure: error.unsure }, trouble: troubleOf(error) };
      }
      told = { ...told, ids: [...told.ids, event.id], unsure: false };
      keep(told);
    }
    return { told, trouble: null };
  },
});

export const troubleOf = ({ message, againInSeconds }: NotDelivered): Trouble => ({ because: message, againInSeconds });
