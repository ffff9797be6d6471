import { type GtidSet, parseGtidSet } from '../../../workflows/decisions/gtid-set';
import { type GtidEvent } from './gtid';

/** A GTID set that grows by one transaction at a time, without a copy for each. */
export interface Collector {
  add(gtid: Pick<GtidEvent, 'uuid' | 'tag' | 'number'>): void;
  set(): GtidSet;
}

export function collector(): Collector {
  const series = new Map<string, [number, number][]>();
  return {
    add({ uuid, tag, number }) {
      const key = tag === '' ? uuid : `${uuid}:${tag}`;
      const known = series.get(key) ?? [];
      if (known.length === 0) series.set(key, known);
      const last = known.at(-1);
      if (last && last[1] + 1 === number) last[1] = number;
      else known.push([number, number]);
    },
    set: () =>
      parseGtidSet(
        [...series].map(([key, all]) => `${key}:${all.map(([first, last]) => `${first}-${last}`).join(':')}`).join(','),
      ),
  };
}
