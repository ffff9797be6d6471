import { type KnownBlock } from '@slack/web-api';
import { z } from 'zod';
import { type Person, personOnSlack } from '../../../workflows/decisions/people';
import { type AskedQuestion, type Story } from '../../../workflows/decisions/story';
import { cut, LIMITS } from './text';

const ACTION = { approve: 'runbook_approve', reject: 'runbook_reject', 'call off': 'runbook_call_off' } as const;
const PLAN_SHOWN = 12;

/** Approve and reject, bound to this question of this run and to the plan that the message shows. */
export function buttonsFor({ workflowId, run }: Story, { id, planHash, text }: AskedQuestion): KnownBlock {
  const value = JSON.stringify({ workflowId, run, question: id, plan: planHash.slice(0, PLAN_SHOWN) });
  const confirm = {
    title: { type: 'plain_text' as const, text: 'Approve this plan?' },
    text: { type: 'plain_text' as const, text: cut(text, LIMITS.confirmText) },
    confirm: { type: 'plain_text' as const, text: 'Approve' },
    deny: { type: 'plain_text' as const, text: 'Not yet' },
  };
  return {
    type: 'actions',
    elements: [
      {
        type: 'button',
        action_id: ACTION.approve,
        style: 'primary',
        text: { type: 'plain_text', text: 'Approve' },
        value,
        confirm,
      },
      {
        type: 'button',
        action_id: ACTION.reject,
        style: 'danger',
        text: { type: 'plain_text', text: 'Reject' },
        value,
      },
    ],
  };
}

/** On the first message of a run that waits for its time. */
export const callOffButton = ({ workflowId, run, runbook, cluster }: Story): KnownBlock => ({
  type: 'actions',
  elements: [
    {
      type: 'button',
      action_id: ACTION['call off'],
      style: 'danger',
      text: { type: 'plain_text', text: 'Call it off' },
      value: JSON.stringify({ workflowId, run }),
      confirm: {
        title: { type: 'plain_text', text: 'Call it off?' },
        text: {
          type: 'plain_text',
          text: cut(`${runbook} of ${cluster} ends, and nothing is changed.`, LIMITS.confirmText),
        },
        confirm: { type: 'plain_text', text: 'Call it off' },
        deny: { type: 'plain_text', text: 'Let it be' },
      },
    },
  ],
});

/** A button that was pressed, by whom, and where it stands. */
interface Pressed {
  readonly workflowId: string;
  readonly run: string;
  readonly slackUser: string;
  readonly slackName: string;
  readonly channel: string;
  readonly message: string;
}

export interface VotePress extends Pressed {
  readonly verdict: 'approve' | 'reject';
  readonly question: string;
  readonly plan: string;
}

export type Press = VotePress | (Pressed & { readonly verdict: 'call off' });

const payload = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().min(1), name: z.string().optional(), username: z.string().optional() }),
  container: z.object({ channel_id: z.string(), message_ts: z.string(), thread_ts: z.string().optional() }),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).min(1),
});

const aRun = z.object({ workflowId: z.string().min(1), run: z.string().min(1) });
const aQuestion = aRun.extend({ question: z.string(), plan: z.string().min(8) });

/**
 * The press in an interaction payload; null for anything else (another app's button, another kind of interaction). Pure; its input
 * must have been verified (signature.ts) or have come by Socket Mode. Source: docs.slack.dev, "block_actions payload".
 */
export function readPress(interaction: unknown): Press | null {
  const read = payload.safeParse(interaction);
  if (!read.success) return null;
  const { user, container, actions } = read.data;
  const [action] = actions;
  const aimed = json(action?.value ?? '');
  const pressed = {
    slackUser: user.id,
    slackName: user.username ?? user.name ?? user.id,
    channel: container.channel_id,
    message: container.message_ts,
  };
  switch (action?.action_id) {
    case ACTION.approve:
    case ACTION.reject: {
      const question = aQuestion.safeParse(aimed);
      const verdict = action.action_id === ACTION.approve ? 'approve' : 'reject';
      return question.success ? { verdict, ...question.data, ...pressed } : null;
    }
    case ACTION['call off']: {
      const run = aRun.safeParse(aimed);
      return run.success ? { verdict: 'call off', ...run.data, ...pressed } : null;
    }
    default:
      return null;
  }
}

/** The interaction in the body of Slack's request (`payload=…`); null when it holds none. */
export const interactionIn = (rawBody: string): unknown => json(new URLSearchParams(rawBody).get('payload') ?? '');

export type Presser = { readonly by: string } | { readonly refused: string };

/** Who pressed, as the inventory names them; whether they may is for the run to say. Where it names nobody, everybody in the channel may. */
export function presserOf(press: Press, people: readonly Person[]): Presser {
  if (people.length === 0) return { by: `${press.slackName} (Slack ${press.slackUser})` };
  const person = personOnSlack(people, press.slackUser);
  if (!person)
    return {
      refused: `You are not known here: somebody must add \`slack: ${press.slackUser}\` to you under \`people\` in the inventory.`,
    };
  return { by: person.name };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
