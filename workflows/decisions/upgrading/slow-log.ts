/** One statement as the slow query log has it, with the literals of people's data: for those who try it, and nobody else. */
export interface LoggedStatement {
  /** '' = not known, or none. */
  readonly schema: string;
  /** Who asked. */
  readonly user: string;
  readonly text: string;
  readonly ms: number;
}

const HEADER = /^# (Time|User@Host|Query_time|Thread_id|Bytes_sent|Schema|QC_hit|Rows_affected|Profile)\b/;
/** What the server writes whenever it opens the file. */
const BANNER = /started with:$|^Tcp port: .*Unix socket: |^Time\s+Id\s+Command\s+Argument$/;

/**
 * The statements of a slow query log, the newest last. A part of a file will do: what stands before its first header is left out, and so is
 * the schema until one is named, for the server writes `use` only where it changes. Source: MySQL manual, "The Slow Query Log".
 */
export function parseSlowLog(file: string): LoggedStatement[] {
  const found: LoggedStatement[] = [];
  let [schema, user] = ['', ''];
  let ms: number | null = null;
  let body: string[] = [];
  const close = () => {
    const text = body.join('\n').trim().replace(/;$/, '').trim();
    if (ms !== null && text !== '') found.push({ schema, user, text, ms });
    [ms, body] = [null, []];
  };
  for (const line of file.split('\n')) {
    const took = /^# Query_time: ([\d.]+)/.exec(line)?.[1];
    const used = /^use (.+);$/.exec(line)?.[1];
    if (HEADER.test(line)) {
      if (ms !== null && body.length > 0) close();
      user = /^# User@Host: ([^[]*)\[/.exec(line)?.[1] ?? user;
      if (took !== undefined) [ms, body] = [Math.round(Number(took) * 10_000) / 10, []];
    } else if (BANNER.test(line)) {
      close();
    } else if (used !== undefined && body.length === 0) {
      schema = used.replaceAll('`', '');
    } else if (body.length > 0 || !/^(SET timestamp=\d+;|# administrator command: .*|\s*)$/.test(line)) {
      body.push(line);
    }
  }
  close();
  return found;
}
