import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { type NewsKind, type RunEvent, type Story } from '../../workflows/decisions/story';
import { type Channel, NotDelivered, oneByOne, SEND_WITHIN_MS } from './delivery';

export interface EmailSettings {
  readonly server: { readonly host: string; readonly port: number; readonly tls: 'starttls' | 'tls' | 'off' };
  readonly account: { readonly user: string; readonly password: string } | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly kinds: readonly NewsKind[];
  readonly link: string | null;
}

/**
 * One thread of mails per run. A mail has the same Message-ID at every try, by which mail programs show a repeated one once; the
 * server may have taken a mail whose answer was lost.
 */
export const email = ({ server, account, from, to, kinds, link }: EmailSettings): Channel =>
  oneByOne(kinds, async (event, story) => {
    const transport = createTransport({
      host: server.host,
      port: server.port,
      secure: server.tls === 'tls',
      requireTLS: server.tls === 'starttls',
      ignoreTLS: server.tls === 'off',
      ...(account && { auth: { user: account.user, pass: account.password } }),
      connectionTimeout: SEND_WITHIN_MS / 2,
      greetingTimeout: SEND_WITHIN_MS / 2,
      socketTimeout: SEND_WITHIN_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const first = messageId(story, 'started', from);
    const id = messageId(story, event.id, from);
    try {
      await transport.sendMail({
        from,
        to: [...to],
        subject: `[${story.cluster}] ${event.title}`.replaceAll(/\s+/g, ' ').slice(0, 200),
        text: textOf(event, story, link),
        date: new Date(event.at),
        messageId: id,
        ...(id !== first && { inReplyTo: first, references: first }),
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Runbook-Event-Id': `${story.run}/${event.id}` },
      });
    } catch (error) {
      throw new NotDelivered(`the mail server ${server.host}:${server.port} did not take it (${reasonOf(error)})`, {
        unsure: true,
      });
    } finally {
      transport.close();
    }
  });

const messageId = ({ run }: Story, event: string, from: string): string =>
  `<${createHash('sha256').update(`${run}/${event}`).digest('hex').slice(0, 32)}@${from.split('@').at(-1) ?? 'localhost'}>`;

const textOf = (event: RunEvent, story: Story, link: string | null): string =>
  [
    event.title,
    '',
    ...event.lines.map((line) => `- ${line}`),
    ...(event.question?.open === true
      ? [
          '',
          `runbook approve ${story.workflowId} --plan ${event.question.planHash.slice(0, 12)}`,
          `runbook reject ${story.workflowId} --reason "…"`,
        ]
      : []),
    ...(link === null ? [] : ['', link]),
    '',
    `run ${story.run} of ${story.workflowId}`,
  ].join('\n');

/** The server's words may hold the account: only its code is told. */
function reasonOf(error: unknown): string {
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  return (
    [code, responseCode].filter((one) => typeof one === 'string' || typeof one === 'number').join(' ') || 'unknown'
  );
}
