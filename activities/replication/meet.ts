import { countText, subtractText } from '../../workflows/decisions/gtid-set';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { wordsOf } from './statements';

/** GTID set, on one line. */
export const executedOn = async (server: Pick<Mysql, 'value'>): Promise<string> =>
  String((await server.value('SELECT @@global.gtid_executed')) ?? '').replaceAll('\n', '');

/** Until `server` has executed `gtids`. Throws RELAY_LOG_STALLED when it has not within `seconds`. */
export async function awaitExecuted(server: Mysql, gtids: string, seconds: number): Promise<void> {
  const late = await server.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [gtids, seconds], {
    deadlineMs: seconds * 1_000 + 5_000,
  });
  if (Number(late) !== 0) throw stalled(`${server.name} does not apply ${gtids} within ${seconds} s`);
}

/**
 * A replica whose applier stands still applies up to `gtids`, and stands exactly there. Its receiver goes on, so acknowledgements do.
 * Throws RELAY_LOG_STALLED when it is not there within `seconds`, or was further already. Source: MySQL manual, "START REPLICA Statement" (UNTIL SQL_AFTER_GTIDS).
 */
export async function bringTo(server: Mysql, gtids: string, seconds: number): Promise<void> {
  const missing = subtractText(gtids, await executedOn(server));
  if (missing !== '') {
    const { startApplier, stopApplier } = await wordsOf(server);
    await server.run(`${startApplier} UNTIL SQL_AFTER_GTIDS = ?`, [missing.replaceAll(/\s/g, '')]);
    await awaitExecuted(server, gtids, seconds);
    await server.run(stopApplier, [], { deadlineMs: 60_000 });
  }
  const more = countText(subtractText(await executedOn(server), gtids));
  if (more > 0) throw stalled(`${server.name} is ${more} transactions further than where it is to stand`);
}

export const stalled = (message: string): RunbookError =>
  new RunbookError({ code: 'RELAY_LOG_STALLED', message, hint: 'Start it again when there is less to write.' });
