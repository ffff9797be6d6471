import { type Cluster } from '../../workflows/decisions/cluster';
import { type StepPart } from '../../workflows/decisions/report';
import { type Deps, type Stopwatch } from '../deps';
import { type Mysql } from '../mysql/mysql';
import { type RouterSettings } from '../routing/control';
import { onAllRouters, openRouter } from '../routing/router';
import { type Routed } from '../routing/writes';
import { type ReleaseOrder } from './release';
import { type Witnesses } from './witness';

export interface SwitchOrder {
  readonly cluster: Cluster;
  readonly from: string;
  readonly to: string;
  /** Replicas that were pointed at the candidate beforehand. */
  readonly below: readonly string[];
  /** Run id, kept in the epoch row. */
  readonly run: string;
  /** Higher than every epoch that was seen. */
  readonly minEpoch: number;
  /** From the hold to the moment before writes open. What takes longer is undone. */
  readonly budgetMs: number;
  /** What a hold changes, as each router had it before, by router name. */
  readonly settings: Readonly<Record<string, RouterSettings>>;
}

/** `gapMs`: how long clients behind the routers had nothing acknowledged; null where that was not seen. */
export type Switched =
  | {
      readonly result: 'switched';
      readonly uuid: string;
      readonly epoch: number;
      readonly routed: Routed;
      /** Routers that may hold the old primary still: who is away keeps nobody else waiting. */
      readonly unreleased: readonly string[];
      readonly gapMs: number | null;
      readonly parts: readonly StepPart[];
    }
  | {
      readonly result: 'undone';
      /** server_uuid of the old primary, which takes writes again. */
      readonly uuid: string;
      readonly because: string;
      /** What somebody must look at all the same. */
      readonly left: readonly string[];
      readonly gapMs: number | null;
      readonly parts: readonly StepPart[];
    }
  | NotBegun;

export interface NotBegun {
  readonly result: 'not begun';
  readonly because: string;
  readonly parts: readonly StepPart[];
}

export type Ended = Exclude<Switched, { result: 'not begun' }>;
export type Unwitnessed =
  Omit<Extract<Ended, { result: 'switched' }>, 'gapMs'> | Omit<Extract<Ended, { result: 'undone' }>, 'gapMs'>;

export interface Pair {
  readonly from: Mysql;
  readonly to: Mysql;
  readonly watch: Stopwatch;
  readonly audience: Promise<Witnesses>;
  /** The candidate's server_uuid, once it has told it. */
  toUuid?: string;
  /** This attempt or one before it may have told the candidate to open. While nobody has, it is closed whether it answers or not. */
  mayBeOpen: boolean;
}

export const held = ({ cluster, from, settings }: SwitchOrder): ReleaseOrder => ({
  ...{ cluster, held: from, settings },
  routers: cluster.routers.map(({ name }) => name),
});

export async function onRouters(
  deps: Deps,
  { cluster }: SwitchOrder,
  work: (router: ReturnType<typeof openRouter>) => Promise<unknown>,
): Promise<void> {
  const controls = cluster.routers.map((router) => openRouter(deps, router, cluster.instances));
  for (const result of await onAllRouters(controls, work)) if (!result.ok) throw result.error;
}
