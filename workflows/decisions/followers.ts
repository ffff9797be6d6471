import { channelOf, type ClusterSnapshot, type InstanceFacts, readable } from './facts';
import { sourceOf } from './topology';
import { olderThan } from './upgrading/fleet';

/**
 * Who gets the new primary as its source: every member that copied from the old primary or stands above the chosen one.
 * A member below another living replica keeps it. Errant ones follow too: they spread nothing as long as nobody copies from
 * them, and the report names them. One without any channel is no replica of this tree (quarantined, being restored): it is left alone.
 */
export function followers(snapshot: ClusterSnapshot, oldPrimary: string, newPrimary: string): Record<string, string> {
  const members = readable(snapshot.members);
  const sourceNameOf = (member: InstanceFacts): string | undefined => sourceOf(snapshot.members, member)?.name;
  const above = new Set<string>();
  for (let at = members.find((member) => member.name === newPrimary); at;) {
    const source: string | undefined = sourceNameOf(at);
    if (source === undefined || above.has(source)) break;
    above.add(source);
    at = members.find((member) => member.name === source);
  }
  const alive = new Set(members.map((member) => member.name));
  const moves = members.filter((member) => {
    if (member.name === newPrimary || member.name === oldPrimary || !channelOf(member)) return false;
    const source = sourceNameOf(member);
    return source === undefined || source === oldPrimary || !alive.has(source) || above.has(member.name);
  });
  return Object.fromEntries(moves.map((member) => [member.name, newPrimary]));
}

export interface Following {
  /** New sources, by replica. */
  readonly repoint: Readonly<Record<string, string>>;
  /** Who would follow but is of an older release, a sentence each. */
  readonly stranded: readonly string[];
}

/** As `followers`; an older server never follows a newer one, except as the way back of an upgrade. */
export function followersOfRelease(snapshot: ClusterSnapshot, oldPrimary: string, newPrimary: string): Following {
  const all = followers(snapshot, oldPrimary, newPrimary);
  const older = olderThan(snapshot, newPrimary);
  const version = (name: string) => readable(snapshot.members).find((member) => member.name === name)?.version ?? '';
  return {
    repoint: Object.fromEntries(Object.entries(all).filter(([name]) => !older.includes(name))),
    stranded: Object.keys(all)
      .filter((name) => older.includes(name))
      .map(
        (name) =>
          `${name} (${version(name)}) cannot follow ${newPrimary} (${version(newPrimary)}), which is newer: it stays as it is; upgrade it, or fill it anew`,
      ),
  };
}
