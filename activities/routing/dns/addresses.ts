import { lookup as lookUp } from 'node:dns/promises';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Instance } from '../../../workflows/decisions/cluster';

export interface IpAddress {
  readonly family: 4 | 6;
  /** In the one form that equal addresses have. */
  readonly text: string;
}

/** All addresses of a host name, as this machine resolves it. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export const systemLookup: Lookup = async (host) =>
  (await lookUp(host, { all: true, verbatim: true })).map(({ address }) => address);

/** Undefined for what is no address. */
export function ipAddress(text: string): IpAddress | undefined {
  const family = isIP(text);
  if (family === 4) return { family, text };
  // ::1 can be written in many ways; the parser of web addresses knows the shortest. What is true on one link only is nothing to publish.
  if (family === 6 && !text.includes('%')) return { family, text: new URL(`http://[${text}]`).hostname.slice(1, -1) };
  return undefined;
}

/** Where one instance is. A host name may have several addresses, or none that can be had now. */
export interface Place {
  readonly instance: Instance;
  readonly addresses: readonly IpAddress[];
  /** Why there is none; '' where there are. */
  readonly because: string;
  /** To look again would find the same. */
  readonly wrong: boolean;
}

/** A resolver that is silent takes nothing from instances whose address is known. */
export const placesOf = (instances: readonly Instance[], lookup: Lookup, until: number): Promise<Place[]> =>
  Promise.all(
    instances.map(async (instance): Promise<Place> => {
      const literal = ipAddress(instance.host);
      if (literal) return { instance, addresses: [literal], because: '', wrong: false };
      const late = new AbortController();
      try {
        const found = await Promise.race([
          lookup(instance.host),
          pause(Math.max(1, until - performance.now()), undefined, { signal: late.signal }).then(() => {
            throw new Error('no answer in time');
          }),
        ]);
        return judge(instance, found);
      } catch (error) {
        const because = error instanceof Error ? error.message : String(error);
        return { instance, addresses: [], because, wrong: false };
      } finally {
        late.abort();
      }
    }),
  );

/** A machine often calls itself 127.0.1.1: given to clients, that would be each client's own machine. */
function judge(instance: Instance, found: readonly string[]): Place {
  const addresses = [...new Set(found)].sort().flatMap((text) => ipAddress(text) ?? []);
  const own = addresses.find(({ text }) => text.startsWith('127.') || text === '::1');
  if (own === undefined)
    return { instance, addresses, because: addresses.length > 0 ? '' : 'it has no address', wrong: false };
  const because = `here it leads to ${own.text}, which is every client's own machine`;
  return { instance, addresses: [], because, wrong: true };
}
