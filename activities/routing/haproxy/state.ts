import { readLeavers } from './leavers';

/** One `server` line of a backend, as HAProxy runs it now. */
export interface ServerLine {
  readonly name: string;
  /** The address in use. */
  readonly host: string;
  /** The name that it resolves, '-' where it was given a number. */
  readonly fqdn: string;
  readonly port: number;
  /** `ready`: takes new connections. `drain`: keeps those it has. `maint`: out, but keeps those it has until they are cut. */
  readonly state: 'ready' | 'drain' | 'maint';
  /** HAProxy's own health check does not hold it for down. */
  readonly up: boolean;
  /** Those that can still say something to the server, as far as HAProxy was asked. */
  readonly sessions: number;
  /** Connections that it takes at once; what is more waits in the queue. 0 = no limit. */
  readonly limit: number;
}

export interface HaproxyAnswer {
  readonly backends: ReadonlyMap<string, readonly ServerLine[]>;
  /** What HAProxy said that is no table: refusals of commands. */
  readonly complaints: readonly string[];
}

/** `4 -1`: servers only, all of them. */
export const stateCommands = (backends: readonly string[]): string[] =>
  backends.flatMap((backend) => [`show servers state ${backend}`, `show stat ${backend} 4 -1`]);

// srv_admin_state is a mask. Its "maintenance by configuration" (4) says where a state came from and stays set after `state ready`.
const MAINTENANCE = 0x01 | 0x02 | 0x20;
const DRAIN = 0x08 | 0x10;

type Row = (column: string) => string;

/**
 * Read the answers to any commands of ours. Tables are known by their header and columns by their name, since releases add columns.
 * Source: HAProxy Management Guide, "show servers state" (file format 1), "show stat", "Statistics and monitoring: CSV format".
 */
export function readAnswer(text: string): HaproxyAnswer {
  const servers: Row[] = [];
  const stats = new Map<string, { sessions: number; limit: number }>();
  const complaints: string[] = [];
  const listed: string[] = [];
  let info = '';
  for (const answer of text.split('\n\n').map((part) => part.trim())) {
    if (answer.startsWith('1\n# be_id ')) servers.push(...rowsOf(answer.slice(2), ' '));
    else if (answer.startsWith('# pxname,')) {
      for (const row of rowsOf(answer, ','))
        stats.set(`${row('pxname')}/${row('svname')}`, { sessions: Number(row('scur')), limit: Number(row('slim')) });
    } else if (answer.startsWith('Name: HAProxy')) info = answer;
    else if (answer.startsWith('0x')) listed.push(...answer.split('\n'));
    else if (answer !== '') complaints.push(...answer.split('\n'));
  }
  for (const [server, left] of readLeavers(info, listed)) {
    const counted = stats.get(server);
    if (counted) stats.set(server, { ...counted, sessions: Math.max(0, counted.sessions - left) });
  }
  const lines = servers.map((row) => ({ backend: row('be_name'), line: serverLine(row, stats) }));
  return { backends: gather(lines), complaints };
}

function rowsOf(table: string, separator: string): Row[] {
  const [header = '', ...lines] = table.split('\n');
  const columns = header.replace(/^# /, '').split(separator);
  return lines.map((line) => {
    const values = line.split(separator);
    return (column) => values[columns.indexOf(column)] ?? '';
  });
}

function serverLine(row: Row, stats: ReadonlyMap<string, { sessions: number; limit: number }>): ServerLine {
  const counted = stats.get(`${row('be_name')}/${row('srv_name')}`) ?? { sessions: 0, limit: 0 };
  const mask = Number(row('srv_admin_state'));
  return {
    name: row('srv_name'),
    host: row('srv_addr'),
    fqdn: row('srv_fqdn'),
    port: Number(row('srv_port')),
    state: mask & MAINTENANCE ? 'maint' : mask & DRAIN ? 'drain' : 'ready',
    up: row('srv_op_state') !== '0',
    ...counted,
  };
}

function gather(lines: readonly { backend: string; line: ServerLine }[]): Map<string, ServerLine[]> {
  const backends = new Map<string, ServerLine[]>();
  for (const { backend, line } of lines) backends.set(backend, [...(backends.get(backend) ?? []), line]);
  return backends;
}
