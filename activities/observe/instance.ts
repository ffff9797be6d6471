import { type Instance } from '../../workflows/decisions/cluster';
import { type Member } from '../../workflows/decisions/facts';
import { RunbookError } from '../errors';
import { type CallOptions, type Mysql } from '../mysql/mysql';
import { readDetail } from './detail';
import { readQuick } from './quick';
import { unreadableBecause } from './unreadable';

export interface LookOptions {
  /** A full look adds what doctor and preflights need; it costs tens of milliseconds. */
  readonly full: boolean;
  /** Schema of the heartbeat and epoch tables. */
  readonly schema: string;
  /** Default 700 for a quick look, so that a hung member does not hold up a failover; 10,000 for a full one. */
  readonly deadlineMs?: number;
}

/**
 * Everything one server says about itself. Read only, so repeating it is safe. A server that cannot be read is a fact too:
 * it yields an UnreadableInstance with its reason, never an error. Throws only what is our own fault (SECRET_UNAVAILABLE).
 */
export async function lookAtInstance(server: Mysql, instance: Instance, options: LookOptions): Promise<Member> {
  const { name, host, port } = instance;
  const rest = untilDeadline(options.deadlineMs ?? (options.full ? 10_000 : 700));
  const look = async (): Promise<Member> => {
    const quick = await readQuick(server, options.schema, rest);
    const detail = options.full ? await readDetail(server, quick, rest) : null;
    return { name, host, port, ...quick, detail };
  };
  try {
    return await look().catch((error: unknown) => {
      // A kept connection that broke tells of the past: ask once more, on a new one, what is true now.
      if (error instanceof RunbookError && error.code === 'CONNECTION_LOST') return look();
      throw error;
    });
  } catch (error) {
    return unreadableBecause(instance, error);
  }
}

/** Each call of the look gets what is left of its time. */
function untilDeadline(milliseconds: number): CallOptions {
  const deadline = Date.now() + milliseconds;
  return {
    get deadlineMs() {
      return Math.max(1, deadline - Date.now());
    },
  };
}
