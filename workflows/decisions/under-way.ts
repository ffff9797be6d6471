import {
  type ClusterSnapshot,
  type DetailPart,
  type InstanceFacts,
  type Job,
  readable,
  type SchemaChange,
} from './facts';
import { type Refusal } from './refusal';

/** What somebody else does now and a planned move would break, or be broken by, whoever the candidate is. Needs a full look. */
export const underWay = (snapshot: ClusterSnapshot, primary: InstanceFacts): Refusal[] => [
  ...unseen(primary),
  ...unrecorded(primary),
  ...readable(snapshot.members).flatMap(clones),
  ...copies(primary),
  ...schemaChanges(snapshot, primary),
];

/** The drain waits for a backup's lock on the primary; nobody would see one on the candidate. */
export const underWayOn = (candidate: InstanceFacts): Refusal[] => [
  ...unseen(candidate),
  ...unrecorded(candidate),
  ...copies(candidate),
  ...jobsOf(candidate, 'backup lock').map((job) => backup(candidate, job, `${sessionsOf(job)} holds ${job.by} on`)),
];

const PARTS: readonly DetailPart[] = ['prepared XA transactions', 'clones and backups', 'schema changes'];

const unseen = ({ name, detail }: InstanceFacts): Refusal[] =>
  (detail?.notRead ?? [])
    .filter(({ part }) => PARTS.includes(part))
    .map(({ part, because }) => ({
      sentence: `${part} of ${name} could not be read (${because})`,
      cure: 'runbook doctor names the missing GRANT; where the server was only slow, start this again',
    }));

/** Locks that were taken before stay unrecorded: the cure takes effect as the transactions of today end. */
const unrecorded = ({ name, detail }: InstanceFacts): Refusal[] =>
  detail === null || detail.recordsLocks
    ? []
    : [
        {
          sentence: `${name} does not record who holds table and backup locks, and a freeze would wait behind them`,
          cure: `on ${name}: UPDATE performance_schema.setup_instruments SET ENABLED = 'YES' WHERE NAME = 'wait/lock/metadata/sql/mdl'; UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME = 'global_instrumentation'; in my.cnf: performance-schema-instrument = 'wait/lock/metadata/sql/mdl=ON'; then let the transactions that run end, for their locks are not recorded`,
        },
      ];

/** A server that is being filled can follow nobody. */
const clones = (member: InstanceFacts): Refusal[] =>
  jobsOf(member, 'clone').map((job) => ({
    sentence: `CLONE from ${job.by} runs on ${member.name} (${sessionsOf(job)})`,
    cure: `wait for its end (performance_schema.clone_status on ${member.name}), or end it there: ${kill(job)}`,
  }));

const copies = (member: InstanceFacts): Refusal[] => [
  ...jobsOf(member, 'clone donor').map((job) => ({
    sentence: `${member.name} is being cloned (${sessionsOf(job)})`,
    cure: 'wait for its end (performance_schema.clone_status on the recipient), or end it there',
  })),
  ...jobsOf(member, 'backup').map((job) => backup(member, job, `${job.by} (${sessionsOf(job)}) runs on`)),
  ...jobsOf(member, 'snapshot').map((job) =>
    backup(member, job, `${sessionsOf(job)} has read for ${job.by} from one snapshot, as a backup does, on`),
  ),
];

const backup = ({ name }: InstanceFacts, job: Job, does: string): Refusal => ({
  sentence: `${does} ${name}`,
  cure: `let it end, or end it on ${name}: ${kill(job)}`,
});

/** gh-ost writes its changelog table ten times a second, also while it is throttled. */
const BEAT_SECONDS = 10;

function schemaChanges(snapshot: ClusterSnapshot, primary: InstanceFacts): Refusal[] {
  const members = readable(snapshot.members);
  const sessions = members.flatMap((member) =>
    jobsOf(member, 'schema change').map((job) => ({
      sentence: `${job.by} runs on ${member.name} (${sessionsOf(job)})`,
      cure: `let it finish, or end it: ${kill(job)}; then drop its triggers before its new table`,
    })),
  );
  const triggers = changesOf(primary, 'pt-online-schema-change').map(({ table, made }) => ({
    sentence: `pt-online-schema-change works on ${table}, or has left ${made.join(', ')} behind`,
    cure: `let it finish; if it runs no more: ${made.map((trigger) => `DROP TRIGGER ${trigger}`).join('; ')}, then drop its new table`,
  }));
  const reader = strangerOf(snapshot);
  const ghosts = changesOf(primary, 'gh-ost')
    .filter((change) => isBeating(change) || reader !== null)
    .map((change) => ({
      sentence: isBeating(change)
        ? `gh-ost works on ${change.table}`
        : `gh-ost may work on ${change.table}: ${change.made.join(', ')} stand there, and ${reader ?? ''}`,
      cure: `let it finish, or end it (panic on its socket) and drop what it made: ${drop(change)}`,
    }));
  return [...sessions, ...triggers, ...ghosts];
}

/** What a gh-ost that runs no more has left: in nobody's way, but somebody should know. */
export const leftOver = (snapshot: ClusterSnapshot, primary: InstanceFacts): string[] =>
  strangerOf(snapshot) === null
    ? changesOf(primary, 'gh-ost')
        .filter((change) => !isBeating(change))
        .map((change) => `a gh-ost that runs no more has left tables on ${primary.name}: ${drop(change)}`)
    : [];

const isBeating = ({ writtenSecondsAgo }: SchemaChange): boolean =>
  writtenSecondsAgo !== null && writtenSecondsAgo <= BEAT_SECONDS;

const drop = ({ made }: SchemaChange): string => `DROP TABLE ${made.join(', ')}`;

/** Reads a binary log and is no member: gh-ost does, and so does who captures changes. */
function strangerOf(snapshot: ClusterSnapshot): string | null {
  const members = readable(snapshot.members);
  const uuids = new Set(members.map(({ serverUuid }) => serverUuid));
  const [told = null] = members.flatMap((member) =>
    jobsOf(member, 'binlog reader')
      .filter(({ by }) => !uuids.has(by))
      .map((job) => `${sessionsOf(job)} reads the binary log of ${member.name} and is no member`),
  );
  return told;
}

const jobsOf = ({ detail }: InstanceFacts, kind: Job['kind']): readonly Job[] =>
  (detail?.jobs ?? []).filter((job) => job.kind === kind);

const changesOf = ({ detail }: InstanceFacts, tool: SchemaChange['tool']): readonly SchemaChange[] =>
  (detail?.schemaChanges ?? []).filter((change) => change.tool === tool);

const sessionsOf = ({ sessions, user }: Job): string =>
  `session${sessions.length > 1 ? 's' : ''} ${sessions.join(', ')} of ${user}`;

const kill = ({ sessions }: Job): string => sessions.map((session) => `KILL ${session}`).join('; ');
