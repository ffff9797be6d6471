import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { factsOf } from '../replication/apply';
import { wordsOf } from '../replication/statements';

/**
 * A server leaves the replication of its cluster: it stays read-only, copies from nobody and forgets its source, so that nobody keeps binary
 * logs for it. What it has received is applied or not: it is part of nothing any more. Returns `already` where it copied from nobody.
 * Idempotent. Throws WRITABLE_RIVAL: a server that takes writes is never detached. Source: MySQL manual, "RESET REPLICA Statement".
 */
export async function detach(deps: Deps, cluster: Cluster, name: string): Promise<'already' | 'detached'> {
  const server = serverNamed(deps, cluster, name);
  const facts = await factsOf(deps, cluster, name);
  if (!facts.readOnly)
    throw new RunbookError({
      code: 'WRITABLE_RIVAL',
      message: `${name} takes writes, and is not taken out of ${cluster.name}`,
      hint: 'Find out who opened it; where it is the primary, move the primary first.',
    });
  await server.run('SET GLOBAL super_read_only = ON');
  if (facts.channels.length === 0) return 'already';
  const words = await wordsOf(server);
  await server.run(words.stop, [], { deadlineMs: STOPS_WITHIN_MS });
  deps.checkpoint('detach:stopped');
  await server.run(words.resetAll);
  return 'detached';
}

/** An applier ends the transaction that it is in. */
const STOPS_WITHIN_MS = 60_000;
