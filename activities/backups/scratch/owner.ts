import { readFile } from 'node:fs/promises';

/** Whose scratch server it is. A pid alone may be anybody's by now: the moment when the process began tells. */
export interface Owner {
  readonly pid: number;
  readonly began: string;
  readonly sockets: string;
  /** Process of the server. */
  readonly server?: number;
}

export const ownerOf = async (pid: number): Promise<Pick<Owner, 'pid' | 'began'>> => ({
  pid,
  began: await beganAt(pid),
});

export const isRunning = async ({ pid, began }: Pick<Owner, 'pid' | 'began'>): Promise<boolean> =>
  began !== '' && (await beganAt(pid)) === began;

/** Field 22 of /proc/PID/stat, behind the name in brackets, which may hold anything. '' = there is no such process. */
async function beganAt(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
