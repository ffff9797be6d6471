/**
 * How long work tells what it is doing. A `live` line is only the newest state of the line before it (a terminal rewrites
 * it in place, a log leaves it out); any other line stays.
 */
export type Progress = (line: string, live?: boolean) => void;

export const silent: Progress = () => undefined;

/** Writes to `stream` (standard error by default, so that `--json` output stays clean). */
export function printProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let rewriting = false;
  return (line, live = false) => {
    if (live && !stream.isTTY) return;
    if (rewriting) stream.write('\r\u001b[K');
    const room = stream.isTTY ? (stream.columns || 80) - 1 : Infinity;
    stream.write(live ? line.slice(0, room) : `${line}\n`);
    rewriting = live;
  };
}

/** Runs one named phase: says that it began, keeps a live line with elapsed time and `measure()`, and says how long it took. */
export async function phase<Result>(
  progress: Progress,
  title: string,
  work: () => Promise<Result>,
  measure?: () => string,
): Promise<Result> {
  const began = Date.now();
  const elapsed = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  const size = () => (measure ? `, ${measure()}` : '');
  progress(`${title} …`);
  const timer = setInterval(() => progress(`${title} … ${elapsed()}${size()}`, true), 500);
  try {
    const result = await work();
    progress(`${title}: done in ${elapsed()}${size()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

export const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
