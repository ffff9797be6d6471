/** By `backend/server`. */
export type Leavers = ReadonlyMap<string, number>;

/** Costs HAProxy a line for each of its sessions: asked only where some will not end. */
export const LEAVERS_COMMANDS: readonly string[] = ['show info', 'show sess'];

/** CF_SHUTW of the request's channel, up to 2.7; SC_FL_SHUT_DONE of the server's side, from 2.8 on. */
const SHUT_CHANNEL = 0x2000;
const SHUT_SIDE = 0x20000;

/**
 * Sessions that carry nothing to their server any more: the client has left, HAProxy has told the server, and keeps the session for what
 * the server may still say, until `timeout server-fin` or `timeout server`. A server that hangs says nothing, and `shutdown sessions` passes
 * over what is shut already. 2.4–2.7 tell it in the flags of the request's channel, later ones in those of the server's side.
 * Source: HAProxy Management Guide, "show sess"; its `channel-t.h` and `stconn-t.h`. Run against 2.6.
 */
export function readLeavers(info: string, sessions: readonly string[]): Leavers {
  const [, major, minor] = /^Version: (\d+)\.(\d+)/m.exec(info) ?? [];
  const release = Number(major) * 100 + Number(minor);
  const leavers = new Map<string, number>();
  if (Number.isNaN(release)) return leavers;
  for (const line of sessions) {
    const of = / be=(\S+) srv=(\S+) /.exec(line);
    const channel = / rq\[f=([0-9a-f]+)h/.exec(line)?.[1];
    const side = / scb=\[\d+,([0-9a-f]+)h/.exec(line)?.[1];
    const isShut = release < 208 ? has(channel, SHUT_CHANNEL) : has(side, SHUT_SIDE);
    if (of === null || !isShut) continue;
    const server = `${of[1] ?? ''}/${of[2] ?? ''}`;
    leavers.set(server, (leavers.get(server) ?? 0) + 1);
  }
  return leavers;
}

const has = (flags: string | undefined, one: number): boolean =>
  flags !== undefined && (Number.parseInt(flags, 16) & one) !== 0;
