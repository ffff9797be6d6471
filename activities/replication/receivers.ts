import { type Mysql } from '../mysql/mysql';
import { wordsOf } from './statements';

/** A receiver in the middle of a packet from a hung source needs a moment to be cut off. */
const STOP_DEADLINE_MS = 3_000;

/**
 * Stop receiving from the source; the relay log stays as it is and its application goes on. Stopped already is success: the
 * server answers with a warning. Throws HOST_UNREACHABLE, HOST_TIMED_OUT. Manual: "STOP REPLICA Statement".
 */
export async function stopReceiver(replica: Mysql): Promise<void> {
  await replica.run((await wordsOf(replica)).stopReceiver, [], { deadlineMs: STOP_DEADLINE_MS });
}

/** Receive again from the present source. Running already is success. */
export async function startReceiver(replica: Mysql): Promise<void> {
  await replica.run((await wordsOf(replica)).startReceiver, [], { deadlineMs: STOP_DEADLINE_MS });
}

export async function startApplier(replica: Mysql): Promise<void> {
  await replica.run((await wordsOf(replica)).startApplier, [], { deadlineMs: STOP_DEADLINE_MS });
}
