import { type GtidSet } from '../gtid-set';

/** Is a single transaction, as `uuid:5` or `uuid:tag:5`, in the set? Asked millions of times: the set is put in order once. */
export function membership(set: GtidSet): (gtid: string) => boolean {
  const bounds = new Map(
    set.sources.map(({ uuid, tag, intervals }) => [tag === '' ? uuid : `${uuid}:${tag}`, intervals] as const),
  );
  return (gtid) => {
    const at = gtid.lastIndexOf(':');
    const intervals = bounds.get(gtid.slice(0, at).toLowerCase());
    if (!intervals) return false;
    const number = Number(gtid.slice(at + 1));
    // Bounds are first numbers inside and first numbers outside, in turn: after an odd number of them we are inside.
    let [low, high] = [0, intervals.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((intervals[middle] ?? Infinity) <= number) low = middle + 1;
      else high = middle;
    }
    return low % 2 === 1;
  };
}
