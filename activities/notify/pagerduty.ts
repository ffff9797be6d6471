import { type NewsKind, outcomeOf, type RunEvent, type Story } from '../../workflows/decisions/story';
import { type Channel, oneByOne } from './delivery';
import { postJson } from './post';

export interface PagerDutySettings {
  readonly url: string;
  readonly routingKey: string;
  readonly kinds: readonly NewsKind[];
  readonly link: string | null;
}

/** Longer ones are refused. Source: PagerDuty, "Send an Alert Event". */
const LONGEST = { summary: 1_024, dedupKey: 255 };

/**
 * One incident per run: the run is the dedup key, so an event that arrives twice changes nothing. A question pages, its answer
 * acknowledges, the end resolves; a run that failed or refused leaves the incident open, or opens it, for it needs a person.
 */
export const pagerDuty = ({ url, routingKey, kinds, link }: PagerDutySettings): Channel =>
  oneByOne(kinds, async (event, story) => {
    const action = actionFor(event, story);
    if (action === null) return;
    const body = {
      routing_key: routingKey,
      event_action: action,
      dedup_key: `mysql-runbooks/${story.cluster}/${story.run}`.slice(0, LONGEST.dedupKey),
      ...(action === 'trigger' && {
        payload: {
          summary: event.title.slice(0, LONGEST.summary),
          source: story.cluster,
          severity: event.kind === 'ended' ? 'critical' : event.kind === 'question' ? 'error' : 'warning',
          timestamp: event.at,
          component: 'mysql',
          class: story.runbook,
          custom_details: { lines: event.lines.slice(0, 50).map((line) => line.slice(0, 1_000)) },
        },
        client: 'mysql-runbooks',
        ...(link !== null && { links: [{ href: link, text: 'The run in Temporal' }] }),
      }),
    };
    await postJson('PagerDuty', `${url.replace(/\/$/, '')}/v2/enqueue`, JSON.stringify(body));
  });

type Action = 'trigger' | 'acknowledge' | 'resolve';

export function actionFor({ kind, question }: RunEvent, story: Story): Action | null {
  switch (kind) {
    case 'started':
    case 'plan':
      return 'trigger';
    case 'question':
      // Answered before PagerDuty could be told of it: nobody needs to be woken.
      return question?.open === true ? 'trigger' : null;
    case 'answered':
      return 'acknowledge';
    case 'phase':
    case 'control':
      return null;
    case 'ended': {
      const outcome = outcomeOf(story);
      return outcome === 'failed' || outcome === 'refused' ? 'trigger' : 'resolve';
    }
  }
}
