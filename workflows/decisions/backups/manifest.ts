/** What a backup is. It is written last: a backup without a manifest does not exist. Times are ISO 8601, GTID sets the server's text. */
export interface BackupManifest {
  readonly version: 1;
  /** Sorts by time: `20261121T192100Z-ab12cd34`. */
  readonly id: string;
  readonly cluster: string;
  readonly kind: BackupKind;
  /** The program that made it, with its release. */
  readonly tool: string;
  /** As the server prints it: `9.7.4`. */
  readonly serverVersion: string;
  /** Inventory name of the instance that was copied, and its uuid. */
  readonly source: string;
  readonly sourceUuid: string;
  /** Exactly these transactions are in it. */
  readonly gtidExecuted: string;
  /** Variables of the server that its data depends on, as an option file has them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Counted in the same snapshot. */
  readonly tables: readonly TableFacts[];
  readonly files: readonly BackupFile[];
  readonly sealed: { readonly compression: 'zstd'; /** null = not encrypted. */ readonly keyId: string | null };
  /** An incremental one needs this other backup. */
  readonly base: string | null;
  /** Of XtraBackup: what was changed between these places of the redo log is in it. Decimal numbers. */
  readonly lsn?: { readonly from: string; readonly to: string };
}

export type BackupKind = 'logical' | 'physical';

export interface TableFacts {
  readonly schema: string;
  readonly name: string;
  readonly engine: string;
  /** null = not counted: the tool that copies says when it is done, and not when it stands still. */
  readonly rows: number | null;
}

/** One file of the store. `bytes` and `sha256` are of the file as it is stored. */
export interface BackupFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  /**
   * In the order in which they are restored: `schemas` (CREATE DATABASE), `table` (its definition and first rows), `rows` (more of them, in any
   * order), `routines`, `views`, `triggers`, `events`; `accounts` where they are wanted. `data`: a physical copy, as tar.
   */
  readonly part: FilePart;
  readonly schema?: string;
  readonly table?: string;
}

export type FilePart =
  'schemas' | 'table' | 'rows' | 'routines' | 'views' | 'triggers' | 'events' | 'accounts' | 'data';

/** What a restore proved, kept beside the manifest. */
export interface Verification {
  readonly version: 1;
  readonly backup: string;
  readonly run: string;
  readonly at: string;
  readonly verdict: 'proven' | 'failed';
  /** The whole of it in a sentence. */
  readonly because: string;
  /** From nothing to a server with all of its data. */
  readonly restoreMs: number | null;
  readonly bytes: number;
  readonly rows: number | null;
  readonly checks: readonly Check[];
}

export interface Check {
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
  readonly ms: number | null;
}

/** A backup as lists and retention see it. */
export interface KnownBackup {
  readonly manifest: BackupManifest;
  /** The newest that speaks of it; null = never verified. */
  readonly verified: Verification | null;
}

/** `20261121T192100Z-ab12cd34` of a run that began at that time (ISO 8601). */
export const backupId = (startedAt: string, run: string): string =>
  `${startedAt.replaceAll(/[-:]/g, '').slice(0, 15)}Z-${run.replaceAll('-', '').slice(-8)}`;

export const backupsPrefix = (cluster: string): string => `${cluster}/backups/`;
/** What verifications found, so that it outlives the backups. */
export const historyPrefix = (cluster: string): string => `${cluster}/verifications/`;
export const backupPrefix = (cluster: string, id: string): string => `${backupsPrefix(cluster)}${id}/`;
export const manifestKey = (cluster: string, id: string): string => `${backupPrefix(cluster, id)}manifest.json`;
export const verificationKey = (cluster: string, id: string): string => `${backupPrefix(cluster, id)}verification.json`;

/** A name as part of a key: what a key may not hold becomes `=XX`, its bytes in hex. */
export const keyPart = (name: string): string =>
  encodeURIComponent(name)
    .replaceAll(/[.!~*'()]/g, (letter) => `=${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%', '=');

export const sizeOf = ({ files }: Pick<BackupManifest, 'files'>): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);

/** null = the tool that copied counted none. */
export const rowsOf = ({ tables }: Pick<BackupManifest, 'tables'>): number | null =>
  tables.some(({ rows }) => rows === null) ? null : tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0);

export const tellRows = (rows: number | null): string => (rows === null ? 'rows that nobody counted' : `${rows} rows`);

/** null = it is none, or of a version that this program does not know. */
export function readManifest(text: string): BackupManifest | null {
  const value = parsed(text);
  return value?.['version'] === 1 && Array.isArray(value['files']) && Array.isArray(value['tables'])
    ? (value as unknown as BackupManifest)
    : null;
}

export function readVerification(text: string): Verification | null {
  const value = parsed(text);
  return value?.['version'] === 1 && Array.isArray(value['checks']) ? (value as unknown as Verification) : null;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
