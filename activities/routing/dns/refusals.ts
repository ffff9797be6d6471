import { address } from '../../../workflows/decisions/cluster';
import { type DnsRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { misconfigured, readsOtherwise } from '../refusals';

import { type Answered } from './messages';
import { type Tsig, TSIG_ERRORS } from './tsig';

export { misconfigured } from '../refusals';

/** What went wrong at a name server, as sentences with a cure. */

export const unreachable = (router: DnsRouter, words: string): RunbookError =>
  new RunbookError({
    code: 'ROUTER_UNREACHABLE',
    message: `router ${router.name}: the name server ${address(router.server)} cannot be used: ${words}`,
    hint: 'Check that it runs and takes TCP on this port from this worker; until then clients are led where its records point.',
  });

export const disagrees = (router: DnsRouter, differs: string): RunbookError =>
  readsOtherwise(
    router,
    differs,
    `Look for something else that writes these records, and see that ${address(router.server)} is the zone's primary server; then try again.`,
  );

/** The server did not take our signature. null = it did, or said nothing of it. Source: RFC 8945, section 5.2. */
export function refusedKey(router: DnsRouter, { error, other }: Tsig, now: number): RunbookError | null {
  const { key } = router;
  switch (error) {
    case 0:
      return null;
    case TSIG_ERRORS.BADKEY:
      return misconfigured(
        router,
        `${address(router.server)} knows no key ${key.name} of ${key.algorithm} (BADKEY)`,
        'Make the name and the algorithm in the inventory those of the `key` clause in named.conf, and load it there (`rndc reconfig`).',
      );
    case TSIG_ERRORS.BADSIG:
      return misconfigured(
        router,
        `${address(router.server)} has another secret for key ${key.name} (BADSIG)`,
        'Put the secret of the `key` clause in named.conf, as it stands between the quotes, where key.secret of the inventory refers to.',
      );
    case TSIG_ERRORS.BADTIME: {
      const theirs = other.length === 6 ? other.readUIntBE(0, 6) : null;
      const apart = theirs === null ? 'more than it lets pass' : `${Math.abs(theirs - now)} s`;
      return misconfigured(
        router,
        `the clocks of ${address(router.server)} and of this worker are ${apart} apart (BADTIME)`,
        'Set both clocks by NTP: signed messages are valid for five minutes.',
      );
    }
    default:
      return misconfigured(
        router,
        `${address(router.server)} does not take signatures by key ${key.name} (TSIG error ${error})`,
        'Make the key in the inventory and the `key` clause in named.conf the same.',
      );
  }
}

export const unsigned = (router: DnsRouter): RunbookError =>
  misconfigured(
    router,
    `the answer of ${address(router.server)} is not signed with key ${router.key.name}, so it may be anybody's`,
    'Look for a proxy or a forwarder between this worker and the name server, and for another secret of the same name.',
  );

/** An answer about a record that does not help. null = it does; that there is no such name is an answer as well. */
export function refusedQuestion(
  router: DnsRouter,
  { rcode, authoritative }: Answered,
  name: string,
): RunbookError | null {
  if (rcode === 'SERVFAIL') return unreachable(router, `it has trouble of its own with ${name} (SERVFAIL)`);
  if (rcode === 'REFUSED')
    return misconfigured(
      router,
      `${address(router.server)} refuses to say where ${name} leads (REFUSED)`,
      `Make it the primary server of ${router.zone}, and let key ${router.key.name} ask (\`allow-query\`).`,
    );
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN')
    return misconfigured(
      router,
      `${address(router.server)} does not answer where ${name} leads (${rcode})`,
      'Correct `server` in the inventory: it must be a name server that takes signed questions.',
    );
  if (!authoritative)
    return misconfigured(
      router,
      `${address(router.server)} answers for ${name} from hearsay, not as a server of its zone`,
      `Correct \`server\` in the inventory: it must be the primary server of ${router.zone}, not a resolver.`,
    );
  return null;
}

/** An update that was not carried out. Source: RFC 2136, sections 3.1 to 3.4. */
export function refusedUpdate(router: DnsRouter, { rcode }: Answered, name: string): RunbookError | null {
  switch (rcode) {
    case 'NOERROR':
      return null;
    case 'SERVFAIL':
      return new RunbookError({
        code: 'ROUTER_DISAGREES',
        message: `router ${router.name}: ${address(router.server)} could not change ${name} (SERVFAIL)`,
        hint: 'Its log says why: often it may not write the journal beside the zone file, or the disk is full.',
      });
    case 'REFUSED':
      return misconfigured(
        router,
        `${address(router.server)} does not let key ${router.key.name} change ${name} (REFUSED)`,
        `Give the zone ${router.zone} on its primary server \`update-policy { grant ${router.key.name} name ${name} A AAAA; };\`; a zone that is frozen (\`rndc thaw\`) or on a secondary refuses as well.`,
      );
    case 'NOTAUTH':
    case 'NOTZONE':
      return misconfigured(
        router,
        `${address(router.server)} does not serve ${name} in a zone ${router.zone} (${rcode})`,
        'Make `zone` in the inventory the zone as that server has it, and `server` its primary.',
      );
    default:
      return misconfigured(
        router,
        `${address(router.server)} did not change ${name} (${rcode})`,
        'Correct `server` in the inventory: it must be a name server that takes dynamic updates.',
      );
  }
}
