import { type CommitProbe, type Sighting, type Testimony } from './evidence';
import { type Member, unreadable, type UnreadableReason } from './facts';
import { hearReplicas } from './testimony';

/** Named states of a primary. Only `dead`, `hung` and `disk full` can justify a failover; `disputed` only with a human. */
export type PrimaryState =
  | 'healthy'
  | 'dead' // nothing listens or the host is gone, and no replica hears it
  | 'hung' // it answers nothing in time, and no replica hears it
  | 'disk full'
  | 'stalled' // it answers reads, commits do not come back
  | 'disputed' // some replicas hear it, others do not
  | 'unreachable from here only'
  | 'unknown' // no witness
  | 'overloaded'
  | 'auth broken'
  | 'read-only'
  | 'semi-sync blocked';

export interface Diagnosis {
  readonly state: PrimaryState;
  /** Does the evidence show that writes through this primary are over? */
  readonly writesAreOver: 'yes' | 'no' | 'a human must say';
  readonly because: string;
  readonly testimony: readonly Testimony[];
}

type Verdict = Omit<Diagnosis, 'testimony'>;
const notOver = (state: PrimaryState, because: string): Verdict => ({ state, writesAreOver: 'no', because });
const over = (state: PrimaryState, because: string): Verdict => ({ state, writesAreOver: 'yes', because });
const askHuman = (state: PrimaryState, because: string): Verdict => ({
  state,
  writesAreOver: 'a human must say',
  because,
});

/**
 * Judge one primary by our own probes and by what its replicas say. Unknown is not dead: every doubt ends in `no` or in a
 * question to a human. Never throws.
 */
export function diagnosePrimary({ snapshot, primary, commit, lastSeen }: Sighting): Diagnosis {
  const member = snapshot.members.find((one) => one.name === primary);
  if (!member) return { ...askHuman('unknown', 'nobody knows which server is the primary'), testimony: [] };
  const uuid = member.readable ? member.serverUuid : lastSeen?.primary === member.name ? lastSeen.primaryUuid : null;
  const testimony = hearReplicas(snapshot, { name: member.name, host: member.host, port: member.port, uuid });
  const dark = unreadable(snapshot.members).filter((one) => one.name !== primary).length;
  const verdict = member.readable
    ? judgeAnswering(member.name, commit)
    : judgeSilent(member, member.reason, testimony, dark);
  return { ...verdict, testimony };
}

/** It answers reads. Whether it is well is what the commit says. */
function judgeAnswering(name: string, commit: CommitProbe | null): Verdict {
  if (!commit) return notOver('healthy', `${name} answers`);
  switch (commit.outcome) {
    case 'committed':
      return notOver('healthy', `${name} answers and committed a row in ${commit.elapsedMs} ms`);
    case 'read only':
      return notOver('read-only', `${name} answers but refuses writes: ${commit.detail}`);
    case 'blocked by semi-sync':
      return notOver(
        'semi-sync blocked',
        `${name} lives; its commits wait for a replica's acknowledgement: bring an acknowledging replica back`,
      );
    case 'denied':
      return notOver('auth broken', `${name} lives but refuses our account: ${commit.detail}`);
    case 'disk full':
      return over('disk full', `${name} answers but cannot commit, its disk is full: ${commit.detail}`);
    case 'timed out':
    case 'no connection':
    case 'failed':
      return askHuman(
        'stalled',
        // No measured time here: the sentence is part of a plan, and a plan whose words change is another plan.
        `${name} answers reads, but a commit did not succeed: ${commit.detail}`,
      );
  }
}

/** We cannot read it. Only its replicas can tell death from our own blindness. `dark`: other members that we cannot read either. */
function judgeSilent(member: Member, reason: UnreadableReason, testimony: readonly Testimony[], dark: number): Verdict {
  const name = member.name;
  const lives: Partial<Record<UnreadableReason, Verdict>> = {
    'auth failed': notOver(
      'auth broken',
      `${name} lives but does not accept our account: nothing was touched, mend the account first`,
    ),
    'tls failed': notOver(
      'auth broken',
      `${name} lives but TLS with it fails: nothing was touched, mend the certificates first`,
    ),
    'too many connections': notOver(
      'overloaded',
      `${name} lives and has no free connection: free some, or declare its adminPort`,
    ),
    unsupported: notOver('unknown', `${name} is not a server this product supports`),
    failed: askHuman('unknown', `${name} answered our look with an error that is no proof of death`),
  };
  const alive = lives[reason];
  if (alive) return alive;

  const hear = testimony.filter((one) => one.says === 'sees it').map((one) => one.replica);
  const deaf = testimony.filter((one) => one.says === 'does not see it').map((one) => one.replica);
  if (hear.length > 0 && deaf.length === 0)
    return notOver(
      'unreachable from here only',
      `we cannot reach ${name} (${reason}), but ${hear.join(', ')} still hears it: we are the blind one`,
    );
  if (hear.length > 0)
    return askHuman(
      'disputed',
      `${hear.join(', ')} still hears ${name}, ${deaf.join(', ')} does not: the network is split, a human must look`,
    );
  if (deaf.length === 0)
    return askHuman(
      'unknown',
      `we cannot reach ${name} (${reason}) and no replica can testify: that may be our own blindness`,
    );
  if (dark > deaf.length)
    return askHuman(
      'unknown',
      `we cannot reach ${name} (${reason}) nor ${dark} other members; only ${deaf.join(', ')} can testify: that may be our own blindness`,
    );
  const witnesses = `none of its replicas hears it (${deaf.join(', ')})`;
  return reason === 'timed out'
    ? over('hung', `${name} answers nothing in time, and ${witnesses}`)
    : over('dead', `${name} is gone (${reason}), and ${witnesses}`);
}
