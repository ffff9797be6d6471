import { type Cluster } from '../../workflows/decisions/cluster';
import { channelOf, type InstanceFacts } from '../../workflows/decisions/facts';
import { type GtidSet, isEmpty, parseGtidSet, print, subtract, union } from '../../workflows/decisions/gtid-set';
import { type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { factsOf } from '../replication/apply';
import { stopReceiver } from '../replication/receivers';

export interface Opened {
  readonly cluster: Cluster;
  /** The old primary, frozen. */
  readonly from: string;
  /** The candidate. */
  readonly to: string;
  /** Replicas that were pointed at the candidate beforehand. */
  readonly below: readonly string[];
}

/**
 * Before an old primary is opened again although its candidate may have been open: has anybody been told "done" of a row that the old one
 * lacks? Where the candidate is closed and answers, it says so itself. Where it does not, those who would have acknowledged its commits say
 * it: their receivers are stopped first, so that none is acknowledged later either. Where neither can be asked, it may be so.
 * Throws CANDIDATE_LOST (no way back: a failover must find out who has the most), HOST_UNREACHABLE, HOST_TIMED_OUT. Repeats safely.
 */
export async function refuseIfMoved(deps: Deps, order: Opened, candidateAnswers: boolean): Promise<void> {
  const { cluster, from, to, below } = order;
  if (!candidateAnswers && (cluster.durability === 'async' || below.length === 0))
    throw lost(order, `${to} does not answer, and nobody else can tell what it acknowledged`);
  if (!candidateAnswers) await Promise.all(below.map((name) => stopReceiver(serverNamed(deps, cluster, name))));
  const [old, ...witnesses] = await Promise.all(
    [from, ...(candidateAnswers ? [to] : below)].map((name) => factsOf(deps, cluster, name)),
  );
  const known = witnesses.map(receivedBy).reduce(union, parseGtidSet(''));
  const moved = subtract(known, parseGtidSet(old?.gtid.executed ?? ''));
  if (!isEmpty(moved)) throw lost(order, `${from} lacks ${print(moved)}, which was written on ${to}`);
}

const receivedBy = (one: InstanceFacts): GtidSet =>
  union(parseGtidSet(one.gtid.executed), parseGtidSet(channelOf(one)?.retrieved ?? ''));

const lost = ({ from, to }: Opened, because: string): RunbookError =>
  new RunbookError({
    code: 'CANDIDATE_LOST',
    message: `${to} was lost when it may have been open for writes, and ${from} stays closed: ${because}`,
    hint: 'Start emergencyFailover: it opens the server that has everything.',
  });
