import { type Cluster } from './cluster';
import { hashOf } from './plan';
import { type RejoinDecision } from './rejoin';
import { type CopiedChanges, tellChanges } from './replay';
import { type PlanSummary } from './report';

export type ToDo = Exclude<RejoinDecision, { act: 'stand down' | 'refuse' }>;

const FOLLOW = (instance: string, primary: string): string[] => [
  `${instance} is made read-only for good and replicates from ${primary}`,
  `reads go to ${instance} when it has caught up`,
];

/** What a look leads to, for the report, a dry run and the Web UI. Nothing of it needs an approval but the replay. */
export function planRejoin(cluster: Cluster, instance: string, decision: ToDo): PlanSummary {
  const { act, primary, because } = decision;
  const first: Record<ToDo['act'], string[]> = {
    close: [`${instance} is made read-only and its sessions are ended; then it is looked at again`],
    apply: [`${instance} applies what it has received; then it is looked at again`],
    'settle extras': [
      `what ${instance} alone has is copied to a file and shown`,
      `by approval, where it only adds rows, ${primary} takes it over with its original GTIDs; else it is refused`,
    ],
    follow: [],
  };
  const summary = `bring ${instance} of ${cluster.name} back below ${primary}: ${because}`;
  const lines = [...first[act], ...FOLLOW(instance, primary)];
  return { hash: hashOf({ kind: 'rejoin', instance, primary, act }), kind: 'rejoin', summary, lines, risks: [] };
}

export interface ReplayQuestion {
  readonly instance: string;
  readonly primary: string;
  /** GTID set (text). */
  readonly extra: string;
  readonly changes: CopiedChanges;
  readonly file: string;
}

/** The question that a human answers: exactly these transactions, into exactly this server. */
export function planReplay({ instance, primary, extra, changes, file }: ReplayQuestion): PlanSummary {
  return {
    hash: hashOf({ kind: 'replay', instance, primary, extra, rows: changes.rows }),
    kind: 'replay',
    summary: `take over into ${primary} the ${changes.transactions} transactions that ${instance} alone has (${tellChanges(changes)})`,
    lines: [
      `they are kept, readable, in ${file}`,
      `${primary} fetches them from ${instance} by a replication channel of its own, with their original GTIDs, in their order`,
      `the first that conflicts stops it; what came before stays, what comes after is not applied`,
      ...FOLLOW(instance, primary),
    ],
    risks: [
      `clients that were told these writes are lost may have repeated them: look into the file for rows that are there a second time under another key (invariant 4)`,
    ],
  };
}
