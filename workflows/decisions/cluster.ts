import { type ApprovalPolicy } from './approvals';
import { type BackupPolicy } from './backups/policy';
import { type MaintenanceWindow } from './calendar';
import { type DrillPolicy } from './drill-policy';
import { type HostControl, type ProvisioningPolicy } from './hosts';
import { type Account, type TlsPolicy } from './references';
import { type Router } from './router';

export { type Account, type Address, address, type SecretReference, type TlsPolicy } from './references';

/**
 * What the inventory says about one cluster, as the decisions see it. Nothing here is secret: accounts are references
 * (which environment variable, file or command holds the value), so a value of this type may stand in workflow history.
 */
export interface Cluster {
  readonly name: string;
  readonly durability: Durability;
  readonly instances: readonly Instance[];
  readonly accounts: {
    readonly admin: Account;
    readonly replication: Account;
    /** Copies whole servers: CLONE, dumps, checksums. Left out: admin does. */
    readonly backup?: Account;
  };
  readonly routers: readonly Router[];
  readonly failover: FailoverPolicy;
  /** Read it with `approvalsOf`: runs that began before there were policies have none. */
  readonly approvals?: ApprovalPolicy;
  /** Programs that hold on to their connections and must be told that the primary has moved. */
  readonly applications?: readonly Application[];
  readonly tls: TlsPolicy;
  /** When a planned change may begin that was ordered for a window. */
  readonly maintenanceWindows?: readonly MaintenanceWindow[];
  /** Left out = none are taken. */
  readonly backups?: BackupPolicy;
  /** Rehearsals of a failover; left out = none. */
  readonly drill?: DrillPolicy;
  /** How replicas are made; left out = by hand alone, with the defaults. */
  readonly provisioning?: ProvisioningPolicy;
  /** The primary may be killed on purpose. */
  readonly drillable?: boolean;
  /** The release is to change, or is changing. */
  readonly upgrade?: UpgradePolicy;
  /** Schema that holds the heartbeat and epoch tables. */
  readonly schema: string;
}

/**
 * `async`: the report names what was lost. `semi-sync`: acknowledged rows survive while no fallback happened.
 * `lossless`: no fallback ever, so an isolated primary cannot acknowledge anything.
 */
export type Durability = 'async' | 'semi-sync' | 'lossless';

export type PromotionRule = 'prefer' | 'neutral' | 'prefer_not' | 'must_not';

export interface Instance {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `admin_port` of the server: a way in when max_connections is exhausted. */
  readonly adminPort?: number;
  readonly datacentre: string;
  readonly promotion: PromotionRule;
  /** Declared SOURCE_DELAY. 0 = not delayed. */
  readonly delaySeconds: number;
  readonly backupSource: boolean;
  /** Command that takes this server's power to acknowledge commits away (stop, power off). Exit code 0 is the proof. */
  readonly fenceCommand?: readonly string[];
  /** How mysqld is started on its host; left out = by a person, or a supervisor. */
  readonly control?: HostControl;
}

export interface Application {
  readonly name: string;
  /** Its sessions are known by this MySQL user. */
  readonly user: string;
  /** Restarts or signals it; run only when it has not come back by itself. Exit code 0 says that it was told. */
  readonly command: readonly string[];
  readonly when: 'failover' | 'switchover' | 'both';
  /** So many new sessions on the new primary mean that it is back. */
  readonly sessions: number;
  /** It is given so long to come back by itself. */
  readonly patienceSeconds: number;
  /** For the command, and again for its sessions to be there after it. */
  readonly deadlineSeconds: number;
}

export interface UpgradePolicy {
  /** Instances that run the next release, or will. */
  readonly green?: readonly string[];
  /** Program that replaces the server's program on one host and starts it again; JSON on its input. For the mode `rolling`. */
  readonly replaceCommand?: readonly string[];
}

export interface FailoverPolicy {
  /** `automatic`: go on without asking when every refusal is clear; `approve`: always ask. */
  readonly mode: 'automatic' | 'approve';
  /** The diagnosis must hold for this long before the watcher starts a failover. */
  readonly holdDownSeconds: number;
  /** More automatic failovers of this cluster than this, and a human is asked. */
  readonly atMost: { readonly failovers: number; readonly perMinutes: number };
  /** How long an unanswered question stays open before the run stands down. */
  readonly approvalMinutes: number;
  /** Budget for applying what the candidate has received. Progress extends it: only a standstill this long ends the wait. */
  readonly applyStallSeconds: number;
  /** Task queue of a worker pool elsewhere that is asked for a second opinion before an automatic failover. */
  readonly secondOpinionQueue?: string;
}

export const instanceNamed = (cluster: Cluster, name: string): Instance | undefined =>
  cluster.instances.find((instance) => instance.name === name);
