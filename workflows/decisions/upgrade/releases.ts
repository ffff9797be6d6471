import { type Release } from '../facts';

/** A release as a number that sorts: 80034 for 8.0.34. Text behind the third part does not count. */
export const releaseNumber = (version: string): number => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major * 10_000 + minor * 100 + patch;
};

/** In the order in which a server may become them. Source: MySQL manual, "Upgrade Paths". */
export const RELEASES: readonly Release[] = ['5.7', '8.0', '8.4', '9.7'];

/** The newest of its series: what a person means by `--to 8.4`. */
const newestOf = (release: Release): number => releaseNumber(`${release}.99`);

export interface UpgradePath {
  /** Releases that the cluster passes, the present one first. */
  readonly through: readonly Release[];
  /** Why more than one step is taken at once; null where every step is a supported one. */
  readonly forced: string | null;
}

export type PathVerdict =
  | { readonly possible: true; readonly path: UpgradePath }
  | { readonly possible: false; readonly because: string; readonly cure: string };

/**
 * The way from one release to another by supported steps. `inOneStep` is a person's reason to leave the steps out: then the path is the
 * single jump, and the precheck says so. A series may be the target of itself: that is an upgrade to its newest release.
 */
export function upgradePath(from: Release, to: Release, inOneStep: string | null = null): PathVerdict {
  const [start, end] = [RELEASES.indexOf(from), RELEASES.indexOf(to)];
  if (end < start)
    return {
      possible: false,
      because: `the cluster runs ${from}, and no MySQL server takes over the data of a newer series: ${to} is older`,
      cure: 'Go back by a backup that was taken on the older series, or along the way back of an upgrade that is still being kept open.',
    };
  const steps = RELEASES.slice(start, end + 1);
  if (inOneStep === null || steps.length < 3) return { possible: true, path: { through: steps, forced: null } };
  return { possible: true, path: { through: [from, to], forced: inOneStep } };
}

/** "5.7 → 8.0 → 8.4". */
export const tellPath = ({ through }: UpgradePath): string => through.join(' → ');

/**
 * The step in which a change of release `since` meets a server of `version`: "8.0 → 8.4", or "8.0" where the path stays in it. Null when the server
 * has it behind itself, the path ends before it, or it was taken back by release `until` where the path arrives.
 */
export function stepThatMeets(
  { through }: UpgradePath,
  version: string,
  since: number,
  until = Infinity,
): string | null {
  if (since <= releaseNumber(version)) return null;
  const ends = through.findIndex((release) => since <= newestOf(release));
  // What a newer release of the same series changes is met in the step that leaves the series.
  const at = ends === 0 && through.length > 1 ? 1 : ends;
  const [met, before] = [through[at], through[at - 1]];
  if (met === undefined || until <= newestOf(met)) return null;
  return before === undefined ? met : `${before} → ${met}`;
}
