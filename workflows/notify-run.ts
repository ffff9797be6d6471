import {
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type Activities } from '../activities';
import { pauseAfter, type Told, UNTOLD } from './decisions/delivery';
import { type NotifyOrder, notifyOrder, parseInput } from './inputs';
import { newsSignal, TASK_QUEUE } from './messages';
import { failureWords } from './steps/runbook';
import { summaryOf } from './steps/summaries';

interface Delivery {
  readonly channel: string;
  readonly told: Told;
  /** Nothing more is to be told: everything was, or it was given up. */
  readonly over: boolean;
  readonly because: string;
}

const form = { workflow: 'notifyRun', example: { cluster: 'orders', workflowId: 'cluster/orders/change', run: '…' } };

/** Signals that are lost, and runs that break off without a word, are noticed by these looks, in seconds. */
const LOOK_AGAIN = { soon: 30, later: 3_600 };
/** An ended run that nobody could be told of for so long is old news. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/**
 * Tells everybody of one run, each channel in its own line, in order, and again until it arrives: an outage of one holds up neither
 * the run nor the other channels. Started by the worker of the run; woken by `news`.
 */
export async function notifyRun(input?: unknown): Promise<Delivery[]> {
  const order = parseInput(notifyOrder, input, form);
  const heard = { news: 0, leaving: false };
  setHandler(newsSignal, () => void (heard.news += 1), { description: 'There is something new to tell' });
  const { channelsOf } = proxyActivities<Activities>({
    taskQueue: TASK_QUEUE,
    startToCloseTimeout: '10 s',
    retry: { maximumInterval: '1 minute' },
    summary: `Who is told of ${order.cluster}`,
  });
  const channels = Object.keys(order.told);
  if (channels.length === 0) channels.push(...(await channelsOf({ cluster: order.cluster })));

  const state = new Map<string, string>();
  const show = (channel: string, words: string) => {
    state.set(channel, words);
    setCurrentDetails([...state].map(([name, said]) => `- **${name}**: ${said}`).join('\n'));
  };
  const deliveries = await Promise.all(
    channels.map((channel) => deliver(order, channel, heard, (words) => show(channel, words))),
  );
  if (deliveries.every(({ over }) => over)) return deliveries;
  return continueAsNew<typeof notifyRun>({
    ...order,
    told: Object.fromEntries(deliveries.filter(({ over }) => !over).map(({ channel, told }) => [channel, told])),
  });
}

async function deliver(
  { cluster, workflowId, run, told: before }: NotifyOrder,
  channel: string,
  heard: { news: number; leaving: boolean },
  show: (words: string) => void,
): Promise<Delivery> {
  const { tellChannel } = proxyActivities<Activities>({
    taskQueue: TASK_QUEUE,
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: '15 s',
    retry: { initialInterval: '1 s', maximumInterval: '1 minute' },
    summary: summaryOf('tellChannel', { channel, cluster }),
  });
  let told = before[channel] ?? UNTOLD;
  for (let [quiet, failed] = [LOOK_AGAIN.soon, 0]; ;) {
    const { news } = heard;
    const said = await tellChannel({ channel, cluster, workflowId, run, told }).catch((error: unknown) => ({
      told,
      over: false,
      endedAt: null,
      trouble: { because: failureWords(error), againInSeconds: null },
    }));
    told = said.told;
    show(said.trouble ? `not told yet: ${said.trouble.because}` : `told: ${told.ids.join(', ')}`);
    if (said.over) return { channel, told, over: true, because: 'told' };
    if (said.trouble && said.endedAt !== null && Date.now() - Date.parse(said.endedAt) > GIVE_UP_AFTER_MS)
      return { channel, told, over: true, because: `given up: ${said.trouble.because}` };

    failed = said.trouble ? failed + 1 : 0;
    if (workflowInfo().continueAsNewSuggested) heard.leaving = true;
    if (heard.leaving) return { channel, told, over: false, because: 'carried on' };
    // After trouble the pause is kept whatever is new: a rate limit is not lifted by news.
    const seconds = said.trouble ? pauseAfter(failed, said.trouble.againInSeconds) : quiet;
    const woken = await condition(() => heard.leaving || (!said.trouble && heard.news > news), seconds * 1000);
    quiet = woken ? LOOK_AGAIN.soon : Math.min(quiet * 2, LOOK_AGAIN.later);
  }
}
