import { type Durability, type FailoverPolicy, type PromotionRule } from '../workflows/decisions/cluster';
import { type ProcessMark } from './processes';
import { type Progress } from './programs/progress';

/** `starter`: processes die with the one that started them (tests). `lab`: they live until `lab down`. */
export type Lifetime = 'starter' | 'lab';

export interface LabOptions {
  /** Default `lab`. */
  readonly name?: string;
  /** Folder for everything of this lab. Default `$RUNBOOK_LABS/NAME`, else `~/.local/state/mysql-runbooks/labs/NAME`. */
  readonly folder?: string;
  /** Name of the cluster in the inventory. Default `orders`. */
  readonly cluster?: string;
  /** Replicas beside the primary db1; they are named db2, db3 … Default 2. */
  readonly replicas?: number;
  /** Default `semi-sync`. */
  readonly durability?: Durability;
  /** Default `haproxy`. */
  readonly router?: 'haproxy' | 'none';
  /** Who copies from whom where it is not db1: `{ db3: 'db2' }` is a cascade. */
  readonly sources?: Readonly<Record<string, string>>;
  /** SOURCE_DELAY in seconds, by server. */
  readonly delayed?: Readonly<Record<string, number>>;
  readonly promotion?: Readonly<Record<string, PromotionRule>>;
  readonly datacentres?: Readonly<Record<string, string>>;
  readonly failover?: Partial<FailoverPolicy>;
  /** Put a relay in front of every server, so that links between parties can be cut. Default false. */
  readonly links?: boolean;
  /** Start a Temporal development server, or use the one at this address. Default false. */
  readonly temporal?: boolean | string;
  /** Start a worker. Default false. Needs Temporal. */
  readonly worker?: boolean;
  /** Megabytes of a file system of its own for the binary logs, by server: a disk that can be filled. */
  readonly smallDisk?: Readonly<Record<string, number>>;
  /** Megabytes of a file system of its own for the whole data folder, by server; it outlives the server's restarts. */
  readonly smallData?: Readonly<Record<string, number>>;
  /** More option-file lines, by server: `{ db2: ['max-connections=10'] }`. */
  readonly serverOptions?: Readonly<Record<string, readonly string[]>>;
  /** `starter`: everything dies with this process (tests). Default `lab`: it lives until it is taken down. */
  readonly lifetime?: Lifetime;
  /** More of the inventory, at its top level: `{ audit: { file: 'audit.jsonl' } }`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly onProgress?: Progress;
}

/** One mysqld. `pid` and `startedAt` change when it is started again. */
export interface LabServer {
  readonly name: string;
  readonly serverId: number;
  readonly uuid: string;
  readonly host: string;
  /** Where everybody connects: the server's own port, or its relay's. */
  readonly port: number;
  /** The server's own port, past any relay. */
  readonly ownPort: number;
  readonly adminPort: number;
  readonly socket: string;
  readonly folder: string;
  readonly dataFolder: string;
  readonly optionFile: string;
  readonly errorLog: string;
  /** Size of the file system of its own that holds its binary logs. 0: they share the machine's. */
  readonly smallDiskMegabytes: number;
  /** Words in front of its program: they lead to where its data folder is mounted. */
  readonly before: readonly string[];
  pid: number;
  startedAt: string;
}

export interface LabRouter {
  readonly kind: 'haproxy';
  readonly name: string;
  readonly host: string;
  readonly writePort: number;
  readonly readPort: number;
  readonly socket: string;
  readonly configFile: string;
  readonly log: string;
  pid: number;
  startedAt: string;
}

export interface LabTemporal {
  readonly address: string;
  readonly uiAddress: string;
  readonly namespace: string;
  readonly log: string;
  /** 0 when the lab uses somebody else's Temporal. */
  pid: number;
  startedAt: string;
}

export interface LabWorker {
  readonly name: string;
  readonly log: string;
  readonly pid: number;
  readonly startedAt: string;
}

export interface LabRelay {
  readonly socket: string;
  readonly log: string;
  pid: number;
  startedAt: string;
}

/** An account of the lab's servers; the password stands in a file of mode 0600. */
export interface LabAccount {
  readonly user: string;
  readonly passwordFile: string;
}

export type LabAccounts = Readonly<Record<'root' | 'admin' | 'replication' | 'backup' | 'app', LabAccount>>;

/** What `lab.json` holds: everything but secrets. */
export interface LabState {
  readonly name: string;
  readonly folder: string;
  readonly cluster: string;
  readonly durability: Durability;
  readonly mysqlVersion: string;
  readonly createdAt: string;
  /** Folder with mysql and mysqlbinlog. */
  readonly binFolder: string;
  readonly mysqld: string;
  /** What that program needs to find its own files. */
  readonly mysqldOptions: Readonly<Record<string, string>>;
  readonly lifetime: Lifetime;
  readonly inventoryPath: string;
  readonly accounts: LabAccounts;
  readonly tls: { readonly ca: string; readonly verify: boolean };
  /** Unix sockets; elsewhere when the lab's folder is too deep for them. */
  readonly socketsFolder: string;
  /** Every process of this lab, whatever it became: what `down` ends. */
  started: ProcessMark[];
  readonly servers: LabServer[];
  router: LabRouter | null;
  temporal: LabTemporal | null;
  relay: LabRelay | null;
  readonly workers: LabWorker[];
}
