import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channel } from '../../../activities/notify/delivery';
import { email } from '../../../activities/notify/email';
import { publicEvent } from '../../../activities/notify/event';
import { pagerDuty } from '../../../activities/notify/pagerduty';
import { retryAfter } from '../../../activities/notify/post';
import { program } from '../../../activities/notify/program';
import { webhook } from '../../../activities/notify/webhook';
import { type Told, UNTOLD } from '../../../workflows/decisions/delivery';
import { NEWS, type Story } from '../../../workflows/decisions/story';
import { question } from '../../decisions/question';
import { HttpReceiver, PagerDutyStandIn } from '../../support/receivers/http';
import { SmtpSink } from '../../support/receivers/smtp';

const at = (second: number): string => new Date(1_700_000_000_000 + second * 1000).toISOString();
const story = (change: Partial<Story> = {}): Story => ({
  runbook: 'emergencyFailover',
  cluster: 'orders',
  workflowId: 'cluster/orders/change',
  run: 'r1',
  startedAt: at(0),
  startedBy: 'watchCluster',
  trigger: 'watcher',
  reason: '',
  headline: '',
  phases: [],
  steps: [],
  plan: null,
  questions: [],
  report: null,
  waits: false,
  paused: false,
  controlled: [],
  brokeOff: null,
  ...change,
});
const report = (outcome: string) =>
  ({
    outcome,
    headline: 'x',
    endedAt: at(9),
    steps: [],
    left: [],
    rto: null,
    rpo: null,
    oldPrimary: null,
    newPrimary: null,
  }) as unknown as Story['report'];
const put = question({ askedAt: at(2), expiresAt: at(600) });
const asked = story({ questions: [put] });
const answered = story({ questions: [{ ...put, open: false, answers: ['approved by ana'] }] });
const done = story({ ...answered, report: report('done') });

/** Tells what a run had to tell at each of these moments, as the activity does. */
async function tellAll(channel: Channel, ...moments: Story[]): Promise<Told> {
  let told = UNTOLD;
  for (const moment of moments) {
    const said = await channel.tell(moment, told, () => undefined);
    expect(said.trouble).toBeNull();
    told = said.told;
  }
  return told;
}

describe('webhook', () => {
  const receiver = new HttpReceiver();
  const open = (kinds = NEWS) =>
    webhook({ url: `${receiver.url}/hook`, secret: 's3cret', kinds, link: 'http://ui/run' });
  beforeAll(() => receiver.start());
  afterAll(() => receiver.stop());
  beforeEach(() => {
    receiver.received.length = 0;
    receiver.reply = () => ({ status: 204 });
  });

  test('each event once, in order, in the documented form, signed', async () => {
    await tellAll(open(), story(), asked, answered, done, done);
    const bodies = receiver.received.map(({ body }) => publicEvent.parse(JSON.parse(body)));
    expect(bodies.map(({ id }) => id)).toEqual(['r1/started', 'r1/question:r1#1', 'r1/answered:r1#1', 'r1/ended']);
    expect(bodies.at(-1)).toMatchObject({ outcome: 'done', link: 'http://ui/run' });
    for (const { headers, body } of receiver.received) {
      const [, seconds, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-runbook-signature']))!;
      expect(given).toBe(createHmac('sha256', 's3cret').update(`${seconds}.${body}`).digest('hex'));
    }
  });

  test('only the kinds that are wanted', async () => {
    await tellAll(open(['ended'] as never), done);
    expect(receiver.received).toHaveLength(1);
  });

  test('what failed comes again and nothing overtakes it; the address is never in the words', async () => {
    receiver.reply = ({ body }) => (body.includes('question:') ? { status: 500, body: 'down' } : { status: 200 });
    const said = await open().tell(done, UNTOLD, () => undefined);
    expect(said).toMatchObject({
      told: { ids: ['started'], unsure: true },
      trouble: { because: 'the webhook answered 500: down', againInSeconds: null },
    });
    receiver.reply = () => ({ status: 429, headers: { 'retry-after': '7' } });
    expect((await open().tell(done, said.told, () => undefined)).trouble).toMatchObject({ againInSeconds: 7 });
    const url = `${receiver.url}/T0KEN`;
    await receiver.stop();
    const away = await webhook({ url, secret: null, kinds: NEWS, link: null }).tell(done, UNTOLD, () => undefined);
    // A kept connection that ended, or a new one that is refused.
    expect(away.trouble?.because).toMatch(/^the webhook cannot be reached \((ECONNREFUSED|UND_ERR_SOCKET)\)$/);
    await receiver.start();
  });

  test('a redirect is not followed', async () => {
    receiver.reply = () => ({ status: 302, headers: { location: `${receiver.url}/elsewhere` } });
    expect((await open().tell(story(), UNTOLD, () => undefined)).trouble?.because).toBe('the webhook answered 302');
    expect(receiver.received).toHaveLength(1);
  });

  test.each([
    [null, null],
    ['12', 12],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30],
    ['soon', null],
    ['999999', 3_600],
  ])('Retry-After %s is %s', (header, seconds) =>
    expect(retryAfter(header, Date.parse('Wed, 21 Oct 2026 07:28:00 GMT'))).toBe(seconds),
  );
});

describe('program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'news-'));
  const script = join(folder, 'tell');
  const heard = join(folder, 'heard');

  test('gets each event as JSON on its input; its failure is told with its last words', async () => {
    writeFileSync(script, `#!/bin/sh\ncat >> ${heard}\necho >> ${heard}\n`, { mode: 0o755 });
    await tellAll(program([script], NEWS, null), asked);
    const events = readFileSync(heard, 'utf8')
      .trim()
      .split('\n')
      .map((line) => publicEvent.parse(JSON.parse(line)).event);
    expect(events).toEqual(['started', 'question']);
    writeFileSync(script, '#!/bin/sh\necho no pager here >&2\nexit 3\n', { mode: 0o755 });
    const { trouble } = await program([script], NEWS, null).tell(asked, UNTOLD, () => undefined);
    expect(trouble?.because).toBe(`${script} ended with exit code 3: no pager here`);
  });
});

describe('PagerDuty', () => {
  const pager = new PagerDutyStandIn();
  const open = () =>
    pagerDuty({
      url: pager.url,
      routingKey: pager.routingKey,
      kinds: ['question', 'answered', 'ended'],
      link: 'http://ui/run',
    });
  const state = () => [...pager.incidents.values()].map((one) => one.state);
  beforeAll(() => pager.start());
  afterAll(() => pager.stop());
  beforeEach(() => pager.incidents.clear());

  test('a question pages, its answer acknowledges, the end resolves: one incident', async () => {
    const told = await tellAll(open(), asked);
    expect(state()).toEqual(['triggered']);
    await open().tell(answered, told, () => undefined);
    expect(state()).toEqual(['acknowledged']);
    await tellAll(open(), asked, answered, done);
    expect(state()).toEqual(['resolved']);
  });
  test('a run that failed pages and stays open; one that needs nobody opens nothing', async () => {
    await tellAll(open(), story({ report: report('failed') }));
    expect([...pager.incidents.values()]).toMatchObject([{ state: 'triggered', severity: 'critical' }]);
    pager.incidents.clear();
    await tellAll(open(), story({ report: report('done') }), answered);
    expect(state()).toEqual([]);
  });
  test('a sentence longer than PagerDuty takes is cut; a wrong key is told with its words and no key', async () => {
    await tellAll(open(), story({ questions: [{ ...put, text: 'x'.repeat(5_000) }] }));
    expect([...pager.incidents.values()][0]?.summary).toHaveLength(1_024);
    const wrong = pagerDuty({ url: pager.url, routingKey: 'short', kinds: NEWS, link: null });
    const { trouble } = await wrong.tell(asked, UNTOLD, () => undefined);
    expect(trouble?.because).toMatch(/^PagerDuty answered 400: .*Length of 'routing_key'/);
    expect(trouble?.because).not.toContain('short');
  });
});

describe('e-mail', () => {
  const sink = new SmtpSink();
  const open = (change: object = {}) =>
    email({
      server: { host: '127.0.0.1', port: sink.port, tls: 'off' },
      account: null,
      from: 'runbooks@example.com',
      to: ['dba@example.com', 'oncall@example.com'],
      kinds: ['started', 'question', 'ended'],
      link: null,
      ...change,
    });
  beforeAll(() => sink.start());
  afterAll(() => sink.stop());
  beforeEach(() => {
    sink.mails.length = 0;
    sink.mood = 'well';
    sink.account = null;
  });

  test('one thread per run, to all receivers, with the command that answers', async () => {
    await tellAll(open(), asked);
    const [first, second] = sink.mails;
    expect(first).toMatchObject({ from: 'runbooks@example.com', to: ['dba@example.com', 'oncall@example.com'] });
    expect(first?.headers['subject']).toBe('[orders] emergencyFailover of orders has begun');
    expect(second?.headers['in-reply-to']).toBe(first?.headers['message-id']);
    expect(second?.text).toContain('runbook approve cluster/orders/change --plan abcdef012345');
  });
  test('a mail whose answer was lost comes again under the same Message-ID', async () => {
    sink.mood = 'lose';
    const lost = await open().tell(story(), UNTOLD, () => undefined);
    expect(lost).toMatchObject({
      told: { ids: [] },
      trouble: { because: expect.stringContaining('did not take it') as string },
    });
    sink.mood = 'well';
    await tellAll(open(), story());
    expect(new Set(sink.mails.map(({ headers }) => headers['message-id'])).size).toBe(1);
    expect(sink.mails).toHaveLength(2);
  });
  test('the account is used; a wrong one is told without its password; plain text is refused where TLS is asked for', async () => {
    sink.account = { user: 'runbooks', password: 'pa55' };
    await tellAll(open({ account: { user: 'runbooks', password: 'pa55' } }), story());
    expect(sink.mails).toHaveLength(1);
    const wrong = await open({ account: { user: 'runbooks', password: 'wr0ng' } }).tell(
      story(),
      UNTOLD,
      () => undefined,
    );
    expect(wrong.trouble?.because).toMatch(/\(EAUTH 535\)$/);
    const plain = await open({ server: { host: '127.0.0.1', port: sink.port, tls: 'starttls' } }).tell(
      story(),
      UNTOLD,
      () => undefined,
    );
    expect(plain.trouble).not.toBeNull();
    expect(sink.mails).toHaveLength(1);
  });
  test('a line break in a sentence makes no header', async () => {
    await tellAll(open(), story({ cluster: 'orders', runbook: 'x\r\nBcc: eve@example.com' }));
    expect(sink.mails[0]?.headers['bcc']).toBeUndefined();
    expect(sink.mails[0]?.to).toEqual(['dba@example.com', 'oncall@example.com']);
  });
});
