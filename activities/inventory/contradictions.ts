import { type Path, printPath } from './findings';

/** A mistake that shows only when several fields are seen together. */
export interface Contradiction {
  readonly path: Path;
  readonly message: string;
}

/** The second and later uses of a value, each with the words for it. */
export function repeated(
  uses: readonly { value: string; path: Path }[],
  words: (first: string) => string,
): Contradiction[] {
  return uses.flatMap(({ value, path }, index) => {
    const first = uses.findIndex((use) => use.value === value);
    const owner = uses[first];
    return first < index && owner ? [{ path, message: words(printPath(owner.path.slice(0, -1))) }] : [];
  });
}
