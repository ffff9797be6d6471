import { type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { factsOf } from '../replication/apply';
import { wordsOf } from '../replication/statements';
import { type Recipient } from './recipient';

export interface SettledCopy {
  readonly gtids: string;
  /** Channels that came along with the donor's data. */
  readonly channelsForgotten: number;
}

/**
 * What was filled is closed, and forgets the channels that came along with the donor's data: they name the donor's source, and no relay log of
 * theirs was copied. Idempotent: absolute states. Throws WRONG_SERVER where it took its donor's identity, HOST_UNREACHABLE.
 * Source: MySQL manual, "Cloning for Replication", "RESET REPLICA Statement".
 */
export async function settleCopy(
  deps: Deps,
  { cluster, instance, donor }: Recipient & { readonly donor: string },
): Promise<SettledCopy> {
  const server = serverNamed(deps, cluster, instance);
  deps.checkpoint('copied:begin');
  await server.run('SET GLOBAL super_read_only = ON', [], { deadlineMs: 30_000 });
  const facts = await factsOf(deps, cluster, instance);
  const given = await factsOf(deps, cluster, donor).catch(() => null);
  if (given?.serverUuid === facts.serverUuid)
    throw new RunbookError({
      code: 'WRONG_SERVER',
      message: `${instance} has the server_uuid of ${donor} now: its auto.cnf came along`,
      hint: `Stop ${instance}, delete auto.cnf from its data folder, start it, then start this again.`,
    });
  const words = await wordsOf(server);
  if (facts.channels.length > 0) {
    await server.run(words.stop, [], { deadlineMs: 60_000 });
    await server.run(words.resetAll);
  }
  deps.checkpoint('copied:forgotten');
  return { gtids: facts.gtid.executed, channelsForgotten: facts.channels.length };
}
