import { type KnownBlock, type MessageAttachment } from '@slack/web-api';
import { type Person, personNamed, sameName } from '../../../workflows/decisions/people';
import { tellShown, tellVoters } from '../../../workflows/decisions/shown';
import {
  type AskedQuestion,
  eventsOf,
  openQuestion,
  outcomeOf,
  type RunEvent,
  standOf,
  type Story,
} from '../../../workflows/decisions/story';
import { tellVote } from '../../../workflows/decisions/votes';
import { type SlackSettings } from '../../inventory/notification-schema';
import { buttonsFor, callOffButton } from './press';
import { cut, escapeText, fitLines, LIMITS } from './text';
import { timelineOf } from './timeline';

/** What chat.postMessage and chat.update are given, without channel and thread. */
export interface Message {
  readonly text: string;
  readonly attachments: MessageAttachment[];
}

export interface Telling {
  readonly settings: Pick<SlackSettings, 'mentions'>;
  readonly people: readonly Person[];
  readonly link: string | null;
}

type Look = 'running' | 'asking' | 'paused' | NonNullable<ReturnType<typeof outcomeOf>>;

const COLOUR: Readonly<Record<Look, string>> = {
  running: '#1d9bd1',
  asking: '#e8a723',
  paused: '#e8a723',
  done: '#2eb67d',
  planned: '#2eb67d',
  'stood down': '#8d8d8d',
  rejected: '#8d8d8d',
  refused: '#e01e5a',
  failed: '#e01e5a',
};

const SIGN: Readonly<Record<Look, string>> = {
  running: ':large_blue_circle:',
  asking: ':raised_hand:',
  paused: ':double_vertical_bar:',
  done: ':white_check_mark:',
  planned: ':memo:',
  'stood down': ':white_circle:',
  rejected: ':no_entry_sign:',
  refused: ':no_entry:',
  failed: ':x:',
};

const WORD: Readonly<Record<Look, string>> = {
  running: 'running',
  asking: 'waiting for an answer',
  paused: 'paused',
  done: 'done',
  planned: 'planned',
  'stood down': 'stood down',
  rejected: 'not approved',
  refused: 'refused',
  failed: 'FAILED',
};

const lookOf = (story: Story): Look =>
  outcomeOf(story) ?? (openQuestion(story) ? 'asking' : story.paused ? 'paused' : 'running');

/** The first message of the thread: the present state, at a glance. */
export function rootMessage(story: Story, telling: Telling): Message {
  const look = lookOf(story);
  const { runbook, cluster, startedBy, trigger, reason, plan } = story;
  const ended = eventsOf(story).find(({ kind }) => kind === 'ended');
  return message(look, `${SIGN[look]} *${plain(runbook)} of ${plain(cluster)}: ${WORD[look]}*`, [
    section([plain(ended?.title ?? story.headline), ...bullets(ended?.lines ?? howFar(story))]),
    ...(plan !== null && !ended ? [section([`*Plan* \`${plan.hash.slice(0, 12)}\`: ${plain(plan.summary)}`])] : []),
    ...(story.waits && !ended ? [callOffButton(story)] : []),
    small([
      `started by ${plain(startedBy)} (${plain(trigger)})${reason === '' ? '' : `: ${plain(reason)}`}`,
      `\`${plain(story.workflowId)}\``,
      ...linked(telling.link),
    ]),
  ]);
}

/** Of the step that runs, where it tells that. */
const howFar = ({ steps }: Story): string[] =>
  steps.flatMap(({ state, title, detail }) => (state === 'running' && detail !== '' ? [`${title}: ${detail}`] : []));

/** A reply in the thread. */
export function replyTo(event: RunEvent, story: Story, telling: Telling): Message {
  switch (event.kind) {
    case 'question':
    case 'answered':
      return event.reminder ? reminder(event, telling) : questionMessage(event, story, telling);
    case 'ended':
      return endMessage(event, story, telling);
    default:
      return message('running', `*${plain(event.title)}*`, [section(bullets(event.lines))]);
  }
}

function questionMessage({ title, question }: RunEvent, story: Story, telling: Telling): Message {
  if (!question) return message('asking', `*${plain(title)}*`, []);
  const { open, text, because, planHash, answers, expiresAt, silence, shown: what } = question;
  const plan = story.plan?.hash === planHash ? story.plan : null;
  const shown = [
    section(bullets(because)),
    plan &&
      section([
        `*Plan* \`${plan.hash.slice(0, 12)}\`: ${plain(plan.summary)}`,
        ...bullets([...plan.lines, ...plan.risks.map((risk) => `risk: ${risk}`)]),
      ]),
    section(bullets([...(plan ? [] : what.what), ...tellShown(question)])),
  ];
  if (!open)
    return message(answeredLook(answers), `*${plain(text)}*`, [
      ...shown,
      section([`*${plain(answers.at(-1) ?? 'closed')}*`, ...bullets(answers.slice(0, -1))]),
    ]);
  return message('asking', `${callFor(question, telling)}*${plain(text)}*`, [
    ...shown,
    section(bullets([...question.given.map((vote) => `approved: ${tellVote(vote)}`), ...tellVoters(question)])),
    buttonsFor(story, question),
    small([
      `open until ${time(expiresAt)}; ${plain(silence)}`,
      `or: \`runbook approve ${story.workflowId} --plan ${planHash.slice(0, 12)}\``,
    ]),
  ]);
}

/** An edit calls nobody, so a reminder is a message of its own; the buttons stay where they are. */
const reminder = ({ title, question }: RunEvent, telling: Telling): Message =>
  message('asking', `${question ? callFor(question, telling) : ''}*${plain(title)}*`, [
    question ? section(bullets(standOf(question))) : null,
  ]);

/** Whom the settings name; where the policy asks group after group, also each person who is asked and has not approved yet. */
function callFor({ asked, mayApprove, given }: AskedQuestion, { settings, people }: Telling): string {
  const missing = asked.length === 0 ? [] : mayApprove.filter((name) => !given.some(({ by }) => sameName(by, name)));
  const ids = missing.flatMap((name) => personNamed(people, name)?.slack ?? []);
  return mentions([...new Set([...settings.mentions.question, ...ids])]);
}

const answeredLook = (answers: readonly string[]): Look =>
  /: (?:approved|unopposed)\b/.test(answers.at(-1) ?? '') ? 'done' : 'rejected';

function endMessage(event: RunEvent, story: Story, { settings }: Telling): Message {
  const look = lookOf(story);
  const called = look === 'failed' || look === 'refused' ? mentions(settings.mentions.failed) : '';
  const steps = event.steps ?? [];
  return message(look, `${called}${SIGN[look]} *${plain(event.title)}*`, [
    section(bullets(event.lines)),
    ...(steps.length === 0 ? [] : [section([`\`\`\`\n${escapeText(timelineOf(steps, 2_400))}\n\`\`\``])]),
  ]);
}

/** The mention that belongs to the first message: the edit of a message calls nobody. */
export const callAtStart = ({ settings }: Telling): string => mentions(settings.mentions.started);

const message = (look: Look, text: string, blocks: (KnownBlock | null)[]): Message => {
  const shown = blocks.filter((block) => block !== null).slice(0, LIMITS.blocks);
  return {
    text: cut(text, LIMITS.text),
    attachments: [{ color: COLOUR[look], fallback: cut(text, 300), ...(shown.length > 0 && { blocks: shown }) }],
  };
};

const section = (lines: readonly string[]): KnownBlock | null =>
  lines.length === 0 || lines.every((line) => line.trim() === '')
    ? null
    : { type: 'section', text: { type: 'mrkdwn', text: fitted(lines) } };

/** A code block is one line here: it is never taken apart. */
const fitted = (lines: readonly string[]): string =>
  lines.length === 1 ? cut(lines[0] ?? '', LIMITS.section) : fitLines(lines, LIMITS.section);

const small = (lines: readonly string[]): KnownBlock => ({
  type: 'context',
  elements: [{ type: 'mrkdwn', text: cut(lines.join(' · '), LIMITS.section) }],
});

const bullets = (lines: readonly string[]): string[] => lines.map((line) => `• ${plain(line)}`);

const plain = (text: string): string => escapeText(text.replaceAll(/\s*\n\s*/g, ' '));

const linked = (link: string | null): string[] => (link === null ? [] : [`<${link}|the run in Temporal>`]);

const mentions = (who: readonly string[]): string => who.map((one) => `${mention(one)} `).join('');

const mention = (who: string): string =>
  who === 'here' || who === 'channel' ? `<!${who}>` : who.startsWith('S') ? `<!subteam^${who}>` : `<@${who}>`;

/** In the reader's own time zone. */
const time = (iso: string): string => `<!date^${Math.floor(Date.parse(iso) / 1000)}^{date_short_pretty} {time}|${iso}>`;
