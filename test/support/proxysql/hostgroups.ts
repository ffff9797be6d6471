import { type Cells } from './sql';

export type Status = 'ONLINE' | 'SHUNNED' | 'OFFLINE_SOFT' | 'OFFLINE_HARD';

/** A server in a hostgroup, as the running ProxySQL holds it. */
export interface Server {
  columns: Cells;
  status: Status;
  readonly hostgroup: number;
  readonly at: string;
  readonly used: Set<Pinned>;
}

/** A client's session that has a server now. */
export interface Pinned {
  readonly id: number;
  /** Idle in a transaction: the threads of ProxySQL find it only when its client speaks, or when it is killed. */
  idle: boolean;
  inTransaction?: boolean;
  broken: boolean;
  readonly broke?: (how: 'offline' | 'killed') => void;
}

export const addressOf = (columns: Cells): string => `${columns['hostname']}:${columns['port']}`;

/**
 * The running hostgroups: what LOAD does to them, what the read_only monitor does to them, and who may use which server. Modelled on
 * what the documentation, the issues and the source of ProxySQL 2.7 say of commit, purge_mysql_servers_table and read_only_action_v2.
 */
export class Hostgroups {
  servers: Server[] = [];
  pairs: Cells[] = [];
  /** Clients that wait for a server. */
  private readonly waiting: (() => void)[] = [];

  load(rows: readonly Cells[], pairs: readonly Cells[]): void {
    this.pairs = pairs.map((row) => ({ ...row }));
    for (const server of this.servers) {
      const row = rows.find((one) => this.is(server, one));
      if (!row) this.setStatus(server, 'OFFLINE_HARD');
      else {
        server.columns = { ...row };
        this.setStatus(server, String(row['status']).toUpperCase() as Status);
      }
    }
    for (const row of rows) {
      if (this.servers.some((server) => this.is(server, row))) continue;
      this.add(row, String(row['status']).toUpperCase() as Status);
    }
    this.changed();
  }

  /** As every look at runtime_mysql_servers does: who is OFFLINE_HARD and has no connection left is forgotten, whoever said so. */
  purge(): void {
    this.servers = this.servers.filter((server) => server.status !== 'OFFLINE_HARD' || server.used.size > 0);
  }

  rows(): Cells[] {
    this.purge();
    return this.servers.map(({ columns, status }) => ({ ...columns, status }));
  }

  serving(hostgroup: number): Server | undefined {
    return this.servers.find((server) => server.hostgroup === hostgroup && server.status === 'ONLINE');
  }

  /** Addresses that a statement for this hostgroup can reach. */
  reachedFrom(hostgroup: number): string[] {
    return this.servers
      .filter((server) => server.hostgroup === hostgroup && server.status === 'ONLINE')
      .map(({ at }) => at);
  }

  untilChanged(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Servers that the monitor asks: those with a row of a pair that is neither OFFLINE_SOFT nor OFFLINE_HARD. */
  monitored(): string[] {
    const asked = this.servers.filter(
      ({ hostgroup, status }) => this.pairOf(hostgroup) && status !== 'OFFLINE_SOFT' && status !== 'OFFLINE_HARD',
    );
    return [...new Set(asked.map(({ at }) => at))];
  }

  /** The answer of one server, as the monitor acts on it. */
  act(at: string, readOnly: boolean, writerIsAlsoReader: boolean): void {
    for (const pair of this.pairs) {
      const [writer, reader] = [Number(pair['writer_hostgroup']), Number(pair['reader_hostgroup'])];
      const known = this.servers.filter((server) => server.at === at && server.status !== 'OFFLINE_HARD');
      const asWriter = known.find(({ hostgroup }) => hostgroup === writer);
      const asReader = known.find(({ hostgroup }) => hostgroup === reader);
      if (!readOnly && !asWriter && asReader) {
        this.copy(asReader, writer);
        if (!writerIsAlsoReader) this.setStatus(asReader, 'OFFLINE_HARD');
      }
      if (readOnly && asWriter) {
        if (!asReader) this.copy(asWriter, reader);
        this.setStatus(asWriter, 'OFFLINE_HARD');
      }
    }
    this.changed();
  }

  kill(session: number): void {
    for (const { used } of this.servers)
      for (const pinned of used) if (pinned.id === session) this.break(used, pinned, 'killed');
    this.changed();
  }

  private copy(server: Server, hostgroup: number): void {
    const row = { ...server.columns, hostgroup_id: String(hostgroup) };
    const there = this.servers.find((one) => this.is(one, row));
    if (there) there.status = server.status;
    else this.add(row, server.status);
  }

  private add(row: Cells, status: Status): void {
    this.servers.push({
      columns: { ...row },
      status,
      hostgroup: Number(row['hostgroup_id']),
      at: addressOf(row),
      used: new Set(),
    });
  }

  private setStatus(server: Server, status: Status): void {
    server.status = status;
    if (status !== 'OFFLINE_HARD') return;
    for (const pinned of server.used) if (!pinned.idle) this.break(server.used, pinned, 'offline');
  }

  private break(used: Set<Pinned>, pinned: Pinned, how: 'offline' | 'killed'): void {
    pinned.broken = true;
    used.delete(pinned);
    pinned.broke?.(how);
  }

  private is = (server: Server, row: Cells): boolean =>
    server.hostgroup === Number(row['hostgroup_id']) && server.at === addressOf(row);

  private pairOf = (hostgroup: number): boolean =>
    this.pairs.some((pair) => [pair['writer_hostgroup'], pair['reader_hostgroup']].map(Number).includes(hostgroup));

  private changed(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
