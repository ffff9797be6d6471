import { channelOf, type ClusterSnapshot, type InstanceFacts, readable } from './facts';
import { sourceOf } from './topology';

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
