import { type DnsRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { forgetSecrets } from '../../inventory/secrets';
import { ipAddress } from './addresses';
import { exchange, NoAnswer, number } from './exchange';
import { type Answered, type Published, question, readAnswer, replacement, type Wanted } from './messages';
import { misconfigured, refusedKey, refusedQuestion, refusedUpdate, unreachable, unsigned } from './refusals';
import { isSignedBy, readTsig, type Signed, sign, type SigningKey } from './tsig';

/** What the names of a router lead to now. */
export interface Records {
  readonly writes: Published;
  /** Nothing where the inventory has no name for reads. */
  readonly reads: Published;
}

export interface NameServer {
  readonly router: DnsRouter;
  readonly key: SigningKey;
  /** Seconds since 1970 by this worker's clock. */
  readonly now: () => number;
}

/**
 * The records as the zone's own server has them. Questions are signed as updates are: so the same view of the zone answers, a key that
 * is wrong shows long before it is needed, and nobody else can answer. Throws ROUTER_UNREACHABLE, ROUTER_MISCONFIGURED.
 */
export async function readRecords(server: NameServer, until: number): Promise<Records> {
  const { zone, writeName, readName } = server.router;
  const names = [writeName, ...(readName === undefined ? [] : [readName])];
  const [ofZone, ...ofNames] = await ask(
    server,
    [question(zone, 'SOA'), ...names.flatMap((name) => [question(name, 'A'), question(name, 'AAAA')])],
    until,
  );
  if (ofZone !== undefined) checkZone(server.router, ofZone);
  const [writes = NOTHING, reads = NOTHING] = names.map((name, index) =>
    published(server.router, name, ofNames.slice(2 * index, 2 * index + 2)),
  );
  return { writes, reads };
}

const NOTHING: Published = { addresses: [], ttlSeconds: null };

/** Make a name lead to exactly these addresses. Throws the same, and ROUTER_DISAGREES where the server has trouble of its own. */
export async function replaceRecords(server: NameServer, name: string, wanted: Wanted, until: number): Promise<void> {
  const [answer] = await ask(server, [replacement(server.router.zone, name, wanted)], until);
  const refused = answer && refusedUpdate(server.router, answer, name);
  if (refused) throw refused;
}

async function ask(server: NameServer, messages: readonly Buffer[], until: number): Promise<Answered[]> {
  const { router, key, now } = server;
  const sent = number(messages).map((message) => sign(message, key, now()));
  try {
    const answers = await exchange(
      router.server,
      sent.map(({ message }) => message),
      until,
    );
    return sent.map((request, index) => verified(server, request, answers[index] ?? Buffer.alloc(0)));
  } catch (error) {
    if (error instanceof RunbookError) throw error;
    throw unreachable(router, error instanceof NoAnswer ? error.message : 'what it answered is no DNS message');
  }
}

/** What only says that something failed may come unsigned: a server that does not know our key cannot sign with it. */
function verified({ router, key, now }: NameServer, { mac }: Signed, message: Buffer): Answered {
  const tsig = readTsig(message);
  const refused = tsig && refusedKey(router, tsig, now());
  if (refused) {
    // A secret that was changed is read anew at the next try.
    forgetSecrets();
    throw refused;
  }
  const answer = readAnswer(message);
  const succeeded = answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN';
  if (tsig === null ? succeeded : !isSignedBy(key, mac, tsig)) throw unsigned(router);
  return answer;
}

function checkZone(router: DnsRouter, answer: Answered): void {
  const refused = refusedQuestion(router, answer, router.zone);
  if (refused) throw refused;
  if (answer.records.some(({ type, name }) => type === 'SOA' && isSame(name, router.zone))) return;
  throw misconfigured(
    router,
    `${router.zone} is no zone of its own on that server${answer.zone === null ? '' : `, but a part of ${answer.zone}`}`,
    'Make `zone` in the inventory the zone as that server has it.',
  );
}

function published(router: DnsRouter, name: string, answers: readonly Answered[]): Published {
  for (const answer of answers) {
    const refused = refusedQuestion(router, answer, name);
    if (refused) throw refused;
  }
  const records = answers.flatMap((answer) => answer.records);
  const alias = records.find(({ type }) => type === 'CNAME');
  if (alias?.type === 'CNAME')
    throw misconfigured(
      router,
      `${name} is an alias (CNAME) of ${alias.data}, and a server ignores addresses beside an alias`,
      `Delete the CNAME and give ${name} an A record once, or name in the inventory what it is an alias of.`,
    );
  const ours = records.flatMap((record) =>
    (record.type === 'A' || record.type === 'AAAA') && isSame(record.name, name) ? [record] : [],
  );
  return {
    addresses: ours.flatMap(({ data }) => ipAddress(data) ?? []),
    ttlSeconds: ours.length === 0 ? null : Math.max(...ours.map(({ ttl = 0 }) => ttl)),
  };
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
