import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Instance, type SecretReference } from '../../../workflows/decisions/cluster';
import { type DnsRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { type RouterControl, type Routing } from '../control';
import { type IpAddress, type Lookup, type Place, placesOf, systemLookup } from './addresses';
import { type Published } from './messages';
import { disagrees, misconfigured } from './refusals';
import { type NameServer, readRecords, type Records, replaceRecords } from './server';
import { type SigningKey } from './tsig';

export interface DnsOptions {
  readonly deadlineMs: number;
  readonly secret: (reference: SecretReference) => Promise<string>;
  /** How instances' host names are resolved. Default: as this machine does. */
  readonly lookup?: Lookup;
  /** Milliseconds since 1970. Default: this machine's clock. */
  readonly clock?: () => number;
}

/** A change that reads back otherwise is made again after so long: a secondary that passes updates on needs a moment. */
const AGAIN_AFTER_MS = 50;

/**
 * A name in a zone that takes dynamic updates (RFC 2136), signed with a shared key (RFC 8945). The server of the zone is asked itself,
 * so no cache between it and us can speak for it. What it cannot do is said where it is asked for it: it holds nobody, it cuts no
 * session, and whoever looked a name up before a change goes by the old address for up to its TTL.
 */
export function controlDns(
  router: DnsRouter,
  instances: readonly Instance[],
  { deadlineMs, secret, lookup = systemLookup, clock = Date.now }: DnsOptions,
): RouterControl {
  const serverOf = async (): Promise<NameServer> => ({
    router,
    key: signingKey(router, await secret(router.key.secret)),
    now: () => Math.floor(clock() / 1000),
  });

  const look = async () => {
    const until = performance.now() + deadlineMs;
    const server = await serverOf();
    const [records, places] = await Promise.all([
      readRecords(server, until),
      // A resolver that is silent leaves time to act on the instances whose addresses are known.
      placesOf(instances, lookup, until - deadlineMs / 2),
    ]);
    refusePlaces(router, places);
    return { server, until, records, places };
  };

  const read = async (): Promise<Routing> => {
    const { records, places } = await look();
    return routingOf(router, places, records, records.writes.ttlSeconds);
  };

  /** Make one of the names lead to these instances, unless it does. */
  const point = async (which: keyof Records, name: string, wanted: readonly Instance[]): Promise<Routing> => {
    const { server, until, records, places } = await look();
    const addresses = wanted.flatMap((instance) => addressesOf(router, places, instance));
    let now = records;
    const differs = () => difference(name, now[which], addresses, router.ttlSeconds);
    for (let told = false; differs() !== ''; told = true) {
      if (told && performance.now() + AGAIN_AFTER_MS >= until) throw disagrees(router, differs());
      if (told) await pause(AGAIN_AFTER_MS);
      try {
        await replaceRecords(server, name, { addresses, ttlSeconds: router.ttlSeconds }, until);
        now = await readRecords(server, until);
      } catch (error) {
        // One that answered otherwise before the time was up is not one that does not answer.
        throw told && error instanceof RunbookError && error.code === 'ROUTER_UNREACHABLE'
          ? disagrees(router, differs())
          : error;
      }
    }
    return routingOf(router, places, now, records.writes.ttlSeconds);
  };

  return {
    name: router.name,
    holds: false,
    read,
    // Without the record new clients would find no name at all, and resolvers remember that for the zone's negative TTL (RFC 2308,
    // often an hour): clients would stay away long after another server was opened, and those connected would notice nothing.
    fence: async () => {
      const seconds = await read().then(
        ({ staleForSeconds }) => staleForSeconds ?? 0,
        () => router.ttlSeconds,
      );
      throw notFenced(router, seconds);
    },
    pointWritesTo: (instance) => point('writes', router.writeName, [instance]),
    hold: read,
    release: read,
    pointReadsTo: (wanted) => (router.readName === undefined ? read() : point('reads', router.readName, wanted)),
  };
}

function signingKey({ name, key }: DnsRouter, secret: string): SigningKey {
  const text = secret.trim();
  if (/^[A-Za-z0-9+/]{4,}={0,2}$/.test(text))
    return { name: key.name, algorithm: key.algorithm, secret: Buffer.from(text, 'base64') };
  throw new RunbookError({
    code: 'ROUTER_MISCONFIGURED',
    message: `router ${name}: the secret of key ${key.name} is not base64`,
    hint: 'Store what stands between the quotes behind `secret` in the output of tsig-keygen, and nothing else.',
  });
}

/** A name that leads to another server would send the writes of a whole company there. */
function refusePlaces(router: DnsRouter, places: readonly Place[]): void {
  for (const { instance, because, wrong } of places)
    if (wrong)
      throw misconfigured(
        router,
        `the host ${instance.host} of ${instance.name} cannot be given to clients: ${because}`,
        'Write the IP address of the instance into the inventory.',
      );
  const taken = new Map<string, string>();
  for (const { instance, addresses } of places)
    for (const { text } of addresses) {
      const other = taken.get(text);
      if (other !== undefined)
        throw misconfigured(
          router,
          `${other} and ${instance.name} are both at ${text}, and a name leads to an address, never to a port`,
          'Give each instance an address of its own, or put a proxy in front.',
        );
      taken.set(text, instance.name);
    }
}

function addressesOf(router: DnsRouter, places: readonly Place[], { name, host }: Instance): readonly IpAddress[] {
  const place = places.find(({ instance }) => instance.name === name);
  if (place && place.addresses.length > 0) return place.addresses;
  throw new RunbookError({
    code: 'ROUTER_UNREACHABLE',
    message: `router ${router.name}: nothing can lead to ${name}, for its host ${host} cannot be resolved here: ${place?.because ?? 'it is not an instance of this cluster'}`,
    hint: 'Write the IP address of the instance into the inventory: a runbook should need no resolver.',
  });
}

/** What still differs from the wanted state, '' when nothing does. */
function difference(name: string, found: Published, wanted: readonly IpAddress[], ttlSeconds: number): string {
  const [has, should] = [texts(found.addresses), texts(wanted)];
  if (has !== should) return `${name} leads to ${has || 'no address'}, not to ${should || 'none'}`;
  return found.ttlSeconds === ttlSeconds || should === ''
    ? ''
    : `${name} has a TTL of ${found.ttlSeconds ?? 0} s, not ${ttlSeconds}`;
}

const texts = (addresses: readonly IpAddress[]): string =>
  addresses
    .map(({ text }) => text)
    .sort()
    .join(' ');

function routingOf(
  router: DnsRouter,
  places: readonly Place[],
  { writes, reads }: Records,
  ttlBefore: number | null,
): Routing {
  const [first] = [...writes.addresses].sort((a, b) => a.family - b.family || (a.text < b.text ? -1 : 1));
  return {
    router: router.name,
    writers: namesAt(places, writes),
    readers: namesAt(places, reads),
    sessions: {},
    settings: {},
    addresses: Object.fromEntries(
      places.flatMap(({ instance, addresses: [at] }) =>
        at ? [[instance.name, `${at.text}:${router.writeAddress.port}`]] : [],
      ),
    ),
    noProof: 'a name server cuts no sessions, and resolvers keep what they know',
    staleForSeconds: Math.max(ttlBefore ?? 0, router.ttlSeconds),
    ...(first && { entrance: { host: first.text, port: router.writeAddress.port } }),
  };
}

/** Instances in the inventory's order (servers give records in any); then addresses that no instance has, as they are. */
function namesAt(places: readonly Place[], { addresses }: Published): string[] {
  const isAt = (place: Place, { text }: IpAddress) => place.addresses.some((address) => address.text === text);
  return [
    ...places.filter((place) => addresses.some((one) => isAt(place, one))).map(({ instance }) => instance.name),
    ...addresses
      .filter((one) => !places.some((place) => isAt(place, one)))
      .map(({ text }) => text)
      .sort(),
  ];
}

const notFenced = ({ name }: DnsRouter, seconds: number): RunbookError =>
  new RunbookError({
    code: 'FENCE_NOT_PROVEN',
    message: `not fenced: DNS cuts no sessions, and resolvers may keep the old address of router ${name} for ${seconds} s`,
    hint: 'Fence the old primary itself: by its own super_read_only, by a fenceCommand, or by durability lossless.',
  });
