import { type Cluster } from '../cluster';
import { type RouterView } from '../evidence';
import { type ClusterSnapshot } from '../facts';

/** What decides whether one server can be filled from another, and how. Read as the account that copies. */
export interface CopyFacts {
  readonly name: string;
  /** Size of the data files; null = not known. */
  readonly bytes: number | null;
  readonly variables: Readonly<Record<string, string>>;
  /** Active plugins that came from a library, by name. */
  readonly plugins: readonly string[];
  /** Schemas that are nobody's but the users'. */
  readonly schemas: readonly string[];
  /** `schema.table (Engine)` of user tables that CLONE would copy empty. */
  readonly nonInnodb: readonly string[];
  /** SHOW GRANTS of the account that copies. */
  readonly grants: readonly string[];
  /** Of the disk with the data folder; null = not known from here. */
  readonly freeBytes: number | null;
  /** The data folder, past symbolic links; left out = not known from here. */
  readonly folder?: { readonly path: string; readonly isMount: boolean };
  /** XtraBackup on its host and the release that it was made for; left out = the inventory names none. */
  readonly xtrabackup?: { readonly madeFor: string } | { readonly because: string };
  /** Who logs in by which authentication plugin, a few of each: `'app'@'%'`. */
  readonly logins?: Readonly<Record<string, readonly string[]>>;
  /** Authentication plugins that it has. */
  readonly authenticates?: readonly string[];
  /** A copy that broke off there: `from db2 of 2026-11-22 03:14:15`. */
  readonly half?: string;
  /** This worker can write into its data folder. */
  readonly filesHere?: boolean;
}

export interface Unread {
  readonly name: string;
  /** Why the account that copies could not look. */
  readonly because: string;
}

/** One look before a server is filled. */
export interface ProvisionSurvey {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly routers: readonly RouterView[];
  readonly copies: readonly (CopyFacts | Unread)[];
  /** Programs of the workers that were found. */
  readonly tools: readonly Tool[];
  /** Left out: the inventory says nothing of backups. */
  readonly stored?: StoredCopy | { readonly because: string };
}

export type Tool = 'mysqldump' | 'mysql' | 'zstd';

/** What the store has to fill a server from. GTID sets are text. */
export interface StoredCopy {
  /** Of the store, in words. */
  readonly store: string;
  /** The newest logical backup that is proven; null = there is none. */
  readonly backup: {
    readonly id: string;
    readonly gtids: string;
    readonly endedAt: string;
    readonly serverVersion: string;
    readonly bytes: number;
  } | null;
  /** Of how many. */
  readonly backups: number;
  /** All that is archived. */
  readonly archived: string;
  /** A scratch server can be started: it makes the accounts of the backup. */
  readonly scratch: boolean;
}

export const copyOf = ({ copies }: Pick<ProvisionSurvey, 'copies'>, name: string): CopyFacts | undefined =>
  copies.find((one): one is CopyFacts => one.name === name && 'variables' in one);
