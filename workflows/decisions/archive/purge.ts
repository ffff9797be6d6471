import { contains, count, type GtidSet, parseGtidSet, subtract } from '../gtid-set';

/** The binary logs of one member, oldest first. */
export interface KeptLogs {
  readonly name: string;
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    /** All that is in files before it (its Previous_gtids), text. */
    readonly before: string;
  }[];
}

/** Somebody who may still ask for transactions. `has`: what he has (text); null = it is not known, so everything may be needed. */
export interface Claimant {
  readonly who: string;
  readonly has: string | null;
  /** Why it is not known. */
  readonly because?: string;
}

export interface MemberPurge {
  readonly name: string;
  /** PURGE BINARY LOGS TO this: it stays, those before it go. Null: nothing goes. */
  readonly to: string | null;
  readonly files: number;
  readonly bytes: number;
  /** What keeps the next file; '' = only that it is among the newest. */
  readonly heldBackBy: string;
}

export interface PurgeDecision {
  readonly members: readonly MemberPurge[];
  readonly because: string;
}

/**
 * What may go from each member's binary logs: only files of which everybody else has every transaction (invariant 4). A claimant that cannot be
 * asked holds back all. `keep`: so many of the newest files always stay.
 */
export function decidePurge(logs: readonly KeptLogs[], claimants: readonly Claimant[], keep: number): PurgeDecision {
  const claims = claimants.map((one) => ({ ...one, set: one.has === null ? null : parseGtidSet(one.has) }));
  const members = logs.map((member) =>
    purgeOf(
      member,
      claims.filter(({ who }) => who !== member.name),
      keep,
    ),
  );
  const files = members.reduce((sum, one) => sum + one.files, 0);
  const held = [...new Set(members.map(({ heldBackBy }) => heldBackBy).filter((words) => words !== ''))];
  const what =
    files === 0
      ? 'no binary log may go'
      : `${files} binary logs may go from ${members.filter(({ to }) => to !== null).length} members`;
  return { members, because: [what, ...held].join('; ') };
}

type Claim = Claimant & { readonly set: GtidSet | null };

function purgeOf({ name, files }: KeptLogs, claims: readonly Claim[], keep: number): MemberPurge {
  let [to, gone, bytes] = [null as string | null, 0, 0];
  let heldBackBy = '';
  for (const [index, file] of files.entries()) {
    // Behind this file's beginning everything before it would be gone.
    if (index === 0) continue;
    if (index > files.length - Math.max(1, keep)) break;
    const claim = claims.find(({ set }) => set === null || !contains(set, parseGtidSet(file.before)));
    if (claim) {
      heldBackBy = wordsOf(claim, file.before);
      break;
    }
    [to, gone] = [file.name, index];
    bytes += files[index - 1]?.bytes ?? 0;
  }
  return { name, to, files: gone, bytes, heldBackBy };
}

const wordsOf = ({ who, set, because }: Claim, before: string): string =>
  set === null
    ? `${who} may need all of it: ${because ?? 'what it has is not known'}`
    : `${who} still needs ${count(subtract(parseGtidSet(before), set))} transactions`;
