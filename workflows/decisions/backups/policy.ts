import { type SecretReference } from '../references';

/** How the backups of one cluster are kept, as the inventory says. No secret: keys and credentials are references. */
export interface BackupPolicy {
  readonly store: StorePlace;
  /** Left out: files are compressed, not encrypted. */
  readonly encryption?: SealingPolicy;
  readonly compression: CompressionPolicy;
  /** Sessions that dump, and that load. */
  readonly parallel: number;
  readonly retention: RetentionPolicy;
  /** Where backups are restored to be proven. Left out: verifyBackup refuses. */
  readonly scratch?: ScratchPlace;
  /** Left out: binary logs are not archived. */
  readonly archive?: ArchivePolicy;
  /** Left out: backups are logical ones. */
  readonly physical?: PhysicalPolicy;
}

/** How a whole data folder is copied, by programs on the host of the server that is copied. */
export type PhysicalPolicy = {
  /** Absolute, on that host: a copy lies in it until it is stored (`clone`: its server writes there), or what is known of one (`xtrabackup`). */
  readonly folder: string;
} & (
  | { readonly tool: 'clone' }
  | {
      readonly tool: 'xtrabackup';
      /** The program there with options of its own: its login is kept on that host. */
      readonly command: readonly string[];
    }
);

/** How binary logs are archived. What is not in the store yet is at most `seconds` old, or `megabytes` large. */
export interface ArchivePolicy {
  /** Absolute, on the worker's machine: the first tier. */
  readonly folder: string;
  /** A file is closed at this size … */
  readonly megabytes: number;
  /** … or so long after its beginning. */
  readonly seconds: number;
  /** Files that are in the store stay here so long: what is restored soon need not be fetched. */
  readonly keepDays: number;
}

export type StorePlace =
  | {
      readonly kind: 'folder';
      /** Absolute; must exist: a mount that is away is not written beside. */ readonly path: string;
    }
  | S3Place;

export interface S3Place {
  readonly kind: 's3';
  readonly bucket: string;
  /** Before every key; '' or ends with a slash. */
  readonly prefix: string;
  readonly region?: string;
  /** Of another server of the protocol. */
  readonly endpoint?: string;
  /** Left out: AWS's own settings (a role, AWS_PROFILE …). */
  readonly credentials?: { readonly accessKeyId: SecretReference; readonly secretAccessKey: SecretReference };
  /** A file has at most 10,000 parts, and each stream keeps two of them in memory. */
  readonly partMegabytes: number;
}

export interface SealingPolicy {
  /** The first seals; all of them open. */
  readonly keys: readonly SealingKey[];
}

export interface SealingKey {
  /** Stands in plain text in every file that it sealed. */
  readonly id: string;
  readonly key: SecretReference;
}

export interface CompressionPolicy {
  /** Of zstd. */
  readonly level: number;
  /** Of one stream. */
  readonly threads: number;
}

export interface RetentionPolicy {
  /** Kept whatever their age, the newest first. */
  readonly atLeast: number;
  /** Backups younger than this stay. */
  readonly days: number;
  /** Beyond those, the newest of each of so many weeks … */
  readonly weeks: number;
  /** … and months. */
  readonly months: number;
  /** Any second of so many past days can be restored: the base that is older than that stays, too. 0 = nothing is promised. */
  readonly promisedDays: number;
}

export interface ScratchPlace {
  /** The server program; of the release that the backup was taken from. */
  readonly mysqld: string;
  /** Absolute. Everything of a scratch server lies below a folder of its own in here. */
  readonly folder: string;
  /** More of its option file. */
  readonly options: Readonly<Record<string, string | number>>;
  /** innodb_buffer_pool_size. */
  readonly bufferPoolMegabytes: number;
}
