/** What a statement did to a server, without what was in it. */
export interface StatementAudit {
  readonly cluster: string;
  readonly server: string;
  readonly statement: string;
  /** `ok`, or the code of the error that it ended with. */
  readonly result: string;
  readonly ms: number;
}

const CHANGES_NOTHING = /^\s*(SELECT|SHOW|SET\s+(SESSION|NAMES|@@session)|START TRANSACTION|BEGIN|COMMIT|ROLLBACK)\b/i;
/** A row a second and cluster, that says nothing but that the watcher lives. */
const PROBE = /^\s*(INSERT INTO|REPLACE INTO|UPDATE)\s+\S*heartbeat\b/i;

/** Does it leave something different on the server, beyond its own session? */
export const changesServer = (sql: string): boolean =>
  !CHANGES_NOTHING.test(sql) && !PROBE.test(sql.replaceAll('`', ''));

/** Texts and numbers become `?`: a log is read by more people than a password is, and by people who need not know what a row held. */
export function withoutLiterals(sql: string): string {
  const bare = sql
    .replaceAll(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"/gs, '?')
    .replaceAll(/(?<![\w`@$.])\d+(?:\.\d+)?\b/g, '?')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return /['"]/.test(bare) ? 'text withheld' : bare;
}
