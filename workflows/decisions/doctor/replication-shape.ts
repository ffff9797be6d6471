import { channelOf } from '../facts';
import { type Finding, onEach, type Rule, speaksOldWords } from './finding';

/** How the channel is built: by GTID, one of it, unfiltered, with the declared delay. */
export const channelShape: Rule = onEach((patient, { cluster }) => {
  const channel = channelOf(patient);
  if (!channel) return [];
  const found: Omit<Finding, 'instance'>[] = [];
  const old = speaksOldWords(patient);
  const words = old
    ? { thread: 'SLAVE', change: 'CHANGE MASTER TO MASTER' }
    : { thread: 'REPLICA', change: 'CHANGE REPLICATION SOURCE TO SOURCE' };
  if (patient.channels.length > 1) {
    found.push({
      severity: 'bad',
      what: `${patient.channels.length} replication channels`,
      why: 'which of its sources it shall lose in a failover is not decidable, so it is left alone',
      fix: [],
      manual: 'MySQL Multi-Source Replication',
    });
  }
  if (!channel.autoPosition) {
    found.push({
      severity: 'bad',
      what: 'it replicates by file and position, not by GTID',
      why: 'it cannot be moved to another source without somebody finding the position by hand',
      fix: [
        '-- the relay log is purged by this: wait until the applier has applied all that was received (Retrieved is in Executed) first',
        `STOP ${words.thread} IO_THREAD;`,
        `-- wait here for the applier`,
        `STOP ${words.thread};`,
        `${words.change}_AUTO_POSITION = 1;`,
        `START ${words.thread};`,
      ],
      manual: 'GTID Auto-Positioning',
    });
  }
  const declared = cluster.instances.find(({ name }) => name === patient.name)?.delaySeconds ?? 0;
  if (channel.delaySeconds !== declared) {
    found.push({
      severity: declared === 0 ? 'bad' : 'warn',
      what: `it is delayed by ${channel.delaySeconds} s, the inventory says ${declared} s`,
      why:
        declared === 0
          ? 'it is ranked as a candidate, but would first have to apply all that it holds back'
          : 'the rescue that a delayed replica is for finds less time than it counts on',
      fix: [
        `STOP ${words.thread} SQL_THREAD;`,
        `${words.change}_DELAY = ${declared};`,
        `START ${words.thread} SQL_THREAD;`,
        '-- or correct delaySeconds in the inventory',
      ],
      manual: 'Delayed Replication',
    });
  }
  return found;
});

export const filters: Rule = onEach((patient) => {
  const { variables } = patient.detail;
  const binlog = ['binlog_do_db', 'binlog_ignore_db']
    .filter((name) => (variables[name] ?? '') !== '')
    .map((name) => `${name}=${variables[name] ?? ''}`);
  const replication = patient.channels.flatMap((channel) => channel.filters);
  const all = [...replication, ...binlog];
  if (all.length === 0) return [];
  return [
    {
      severity: 'bad',
      what: `filters leave data out: ${all.join(', ')}`,
      why: 'what they leave out is gone once this server is promoted, while the GTID sets look complete',
      fix:
        replication.length > 0
          ? ['-- rebuild it without filters, or declare `promotion: must_not`']
          : ['-- remove the option from my.cnf and restart'],
      manual: 'How Servers Evaluate Replication Filtering Rules',
    },
  ];
});
