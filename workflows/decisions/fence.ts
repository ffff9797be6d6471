import { type Cluster } from './cluster';
import { type Risk } from './plan';

/** What the attempt to fence one server achieved. Names are inventory names; sentences are the programs' own words. */
export interface FenceFindings {
  readonly routers: readonly {
    readonly router: string;
    readonly fenced: boolean;
    readonly because: string;
    /** It gave no answer; left out = it did. */
    readonly unreachable?: boolean;
  }[];
  /** Receivers that stand still now: these replicas acknowledge nothing any more. */
  readonly receiversStopped: readonly string[];
  readonly receiversNotStopped: readonly { readonly replica: string; readonly because: string }[];
  readonly superReadOnly: { readonly set: boolean; readonly because: string };
  readonly command: { readonly succeeded: boolean; readonly because: string } | null;
}

export interface FenceJudgement {
  /** One sentence for each independent proof that the old primary's writes reach no client as a success. */
  readonly proofs: readonly string[];
  readonly risks: readonly Risk[];
}

/**
 * Invariant 1: one proof is enough, none is a question to a human. A refused TCP connection is no proof (a firewall refuses too).
 * The four proofs: it is read-only and said so; a command ended its power; no router leads to it; nobody is left whose
 * acknowledgement it needs (only where the wait is endless).
 */
export function judgeFence(cluster: Cluster, oldPrimary: string, findings: FenceFindings): FenceJudgement {
  const proofs: string[] = [];
  if (findings.superReadOnly.set) proofs.push(`${oldPrimary} itself confirms super_read_only=ON`);
  if (findings.command?.succeeded)
    proofs.push(`the fence command of ${oldPrimary} succeeded: ${findings.command.because}`);
  const open = findings.routers.filter((router) => !router.fenced);
  if (findings.routers.length > 0 && open.length === 0) {
    proofs.push(
      `every router (${findings.routers.map((router) => router.router).join(', ')}) reads back that no server takes writes, and has cut the sessions`,
    );
  }
  if (cluster.durability === 'lossless' && isStarved(cluster, oldPrimary, findings)) {
    proofs.push(
      `${oldPrimary} cannot acknowledge a commit: it waits for a replica without end, and all of them (${findings.receiversStopped.join(', ')}) have stopped receiving`,
    );
  }
  return { proofs, risks: proofs.length > 0 ? [] : [unproven(oldPrimary, findings)] };
}

const isStarved = (cluster: Cluster, oldPrimary: string, findings: FenceFindings): boolean =>
  cluster.instances.every(
    (instance) => instance.name === oldPrimary || findings.receiversStopped.includes(instance.name),
  );

function unproven(oldPrimary: string, findings: FenceFindings): Risk {
  const open = findings.routers
    .filter((router) => !router.fenced)
    .map((router) => `${router.router}: ${router.because}`);
  const tried = [
    ...open,
    `${oldPrimary}: ${findings.superReadOnly.because}`,
    ...(findings.command ? [`fence command: ${findings.command.because}`] : []),
  ];
  return {
    code: 'FENCE_NOT_PROVEN',
    invariant: 1,
    sentence: `nothing proves that ${oldPrimary} can no longer take writes (${tried.join('; ')}): make sure of it by hand before you approve`,
  };
}
