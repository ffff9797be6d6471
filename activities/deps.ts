import { type Cluster, type Instance, instanceNamed, type SecretReference } from '../workflows/decisions/cluster';
import { type StageProgress } from '../workflows/decisions/progress';
import { type StepPart } from '../workflows/decisions/report';
import { RunbookError } from './errors';
import { type Inventory } from './inventory/inventory';
import { type Mysql, type Servers } from './mysql/mysql';

/** What activities are given by the worker. Tests give the same with their own servers. */
export interface Deps {
  readonly servers: Servers;
  /** The inventory as the file says now; the last good one when the file was broken meanwhile. */
  readonly inventory: () => Promise<Inventory>;
  readonly secret: (reference: SecretReference) => Promise<string>;
  /** Called at every named point of a step. The lab's workers die at one of them on request. */
  readonly checkpoint: (name: string) => void;
  /** Tells Temporal that this attempt is alive, and how far it is. */
  readonly heartbeat: (details: unknown) => void;
  /** Tells the run how far it is; left out = nobody listens. Use `tellProgress`. */
  readonly progress?: (progress: StageProgress) => void;
}

/** For work that ends early when its run is called off. */
export interface CancellableDeps extends Deps {
  readonly cancelled: AbortSignal;
}

export const serverNamed = (deps: Deps, cluster: Cluster, name: string): Mysql =>
  deps.servers.of(cluster, knownInstance(cluster, name));

/** As `serverNamed`, logged in as the account that may read and write every row. */
export const serverAsBackup = (deps: Deps, cluster: Cluster, name: string): Mysql => {
  const { backup } = cluster.accounts;
  // Connections are kept by cluster and instance: those of another account are another server's.
  const asBackup = backup
    ? { ...cluster, name: `${cluster.name} as backup`, accounts: { ...cluster.accounts, admin: backup } }
    : cluster;
  return deps.servers.of(asBackup, knownInstance(cluster, name));
};

export function knownInstance(cluster: Cluster, name: string): Instance {
  const instance = instanceNamed(cluster, name);
  if (instance) return instance;
  throw new RunbookError({
    code: 'WRONG_SERVER',
    message: `${name} is not an instance of ${cluster.name}`,
    hint: 'Compare the inventory with the run that names it.',
  });
}

export interface Stopwatch {
  /** Note that a part of the step is done; also a checkpoint `step:name`. */
  mark(name: string): void;
  parts(): StepPart[];
  elapsedMs(): number;
}

/** Measures the parts of one step by the monotonic clock. */
export function stopwatch(step: string, checkpoint: (name: string) => void): Stopwatch {
  const start = performance.now();
  const parts: StepPart[] = [];
  const elapsedMs = () => Math.round((performance.now() - start) * 10) / 10;
  checkpoint(`${step}:begin`);
  return {
    mark(name) {
      parts.push({ name, atMs: elapsedMs() });
      checkpoint(`${step}:${name}`);
    },
    parts: () => parts,
    elapsedMs,
  };
}

/** The words of an error for a report line. */
export const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
