import { channelOf } from '../facts';
import {
  type Finding,
  onEach,
  type Patient,
  type Rule,
  restartReceiver,
  setForGood,
  setting,
  speaksOldWords,
} from './finding';

type Found = Omit<Finding, 'instance'>;

const NET_TIMEOUT_SECONDS = 10;
const HEARTBEAT_SECONDS = 2;
const WANTED_HEARTBEAT = 0.5;
/** An old source counts whole seconds. */
const WANTED_OF_OLD = 1;
const RETRY_SECONDS = 5;
/** Two hours of trying: longer than any repair of a network that one would wait for. */
const KEEPS_TRYING_SECONDS = 7200;

/** How long a replica believes in a source that hangs: the kernel still accepts TCP, so only silence tells. */
export const netTimeout: Rule = onEach((patient) => {
  const seconds = Number(setting(patient, 'replica_net_timeout') ?? 0);
  if (seconds <= NET_TIMEOUT_SECONDS) return [];
  return [
    {
      severity: 'bad',
      what: `replica_net_timeout is ${seconds} s`,
      why: `its receiver goes on waiting for a hung source for ${seconds} s, and until then looks well to everybody`,
      fix: [
        ...setForGood(patient, 'replica_net_timeout', '4'),
        ...(channelOf(patient) ? ['-- the receiver reads it when it starts', ...restartReceiver(patient)] : []),
      ],
      manual: 'Replica Server Options and Variables',
    },
  ];
});

/**
 * Options of the channel. All three can be changed without CHANGE … SOURCE_HOST, _PORT, _LOG_FILE or _AUTO_POSITION, and a change
 * of options alone with the applier running keeps the relay log: only the receiver is stopped.
 * Source: MySQL manual, "CHANGE REPLICATION SOURCE TO Statement" ("Dependencies Between Statement Options").
 */
export const channelTiming: Rule = onEach((patient, { patients, primary }) => {
  const channel = channelOf(patient);
  if (!channel) return [];
  const found: Found[] = [];
  const { heartbeatPeriodSeconds: period, connectRetrySeconds: retry, retryCount } = channel;
  const manual = 'CHANGE REPLICATION SOURCE TO Statement';
  const source = patients.find(({ name }) => name === primary) ?? patient;
  const wanted = speaksOldWords(source) ? WANTED_OF_OLD : WANTED_HEARTBEAT;
  if (period > HEARTBEAT_SECONDS || period === 0) {
    found.push({
      severity: 'bad',
      what: period === 0 ? 'heartbeats from the source are off' : `the source's heartbeat period is ${period} s`,
      why: 'this replica is a witness against a hung primary, and it can only testify after two periods of silence',
      fix: changeReceiver(patient, [`HEARTBEAT_PERIOD = ${wanted}`]),
      manual,
    });
  } else if (period < wanted) {
    found.push({
      severity: 'warn',
      what: `the source's heartbeat period is ${period} s, and one before 8.0.23 counts whole seconds`,
      why: 'behind a new source it gets a heartbeat for every transaction that it has already, and takes half a minute for 600 of them',
      fix: changeReceiver(patient, [`HEARTBEAT_PERIOD = ${wanted}`]),
      manual,
    });
  }
  if (retry > RETRY_SECONDS) {
    found.push({
      severity: 'warn',
      what: `SOURCE_CONNECT_RETRY is ${retry} s`,
      why: `after a lost connection it lets up to ${retry} s pass before it tries again, and acknowledges nothing meanwhile`,
      fix: changeReceiver(patient, ['CONNECT_RETRY = 1', 'RETRY_COUNT = 86400']),
      manual,
    });
  }
  // 0 means for ever.
  if (retryCount > 0 && retryCount * retry < KEEPS_TRYING_SECONDS) {
    found.push({
      severity: 'warn',
      what: `its receiver gives up after ${retryCount} tries, ${retryCount * retry} s`,
      why: 'after a longer outage replication stays stopped, and nobody notices until the next failover finds it hours behind',
      fix: changeReceiver(patient, ['CONNECT_RETRY = 1', 'RETRY_COUNT = 86400']),
      manual,
    });
  }
  return found;
});

function changeReceiver(patient: Patient, options: readonly string[]): string[] {
  const old = speaksOldWords(patient);
  const thread = old ? 'SLAVE IO_THREAD' : 'REPLICA IO_THREAD';
  const change = old ? 'CHANGE MASTER TO' : 'CHANGE REPLICATION SOURCE TO';
  const prefix = old ? 'MASTER_' : 'SOURCE_';
  return [
    '-- leave the applier (SQL_THREAD) running: with both threads stopped this would purge relay logs that are not applied yet',
    `STOP ${thread};`,
    `${change} ${options.map((option) => `${prefix}${option}`).join(', ')};`,
    `START ${thread};`,
  ];
}
