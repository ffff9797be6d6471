import { once } from 'node:events';
import { type AddressInfo, type Server as TcpServer } from 'node:net';
import { createServer } from 'mysql2';
import { Hostgroups, type Pinned, type Server } from './hostgroups';
import { type Cells, execute, type Outcome, SqlError, type Table } from './sql';
import { refuseLogin, type Wire } from './wire';

const SERVER_COLUMNS = [
  ...['hostgroup_id', 'hostname', 'port', 'gtid_port', 'status', 'weight', 'compression', 'max_connections'],
  ...['max_replication_lag', 'use_ssl', 'max_latency_ms', 'comment'],
];
const PAIR_COLUMNS = ['writer_hostgroup', 'reader_hostgroup', 'check_type', 'comment'];
const GROUP_COLUMNS = [
  'writer_hostgroup',
  'backup_writer_hostgroup',
  'reader_hostgroup',
  'offline_hostgroup',
  'active',
];
const LOG_COLUMNS = ['hostname', 'port', 'time_start_us', 'success_time_us', 'read_only', 'error'];
const VARIABLE_COLUMNS = ['variable_name', 'variable_value'];
const STATUSES = ['ONLINE', 'SHUNNED', 'OFFLINE_SOFT', 'OFFLINE_HARD'];

/**
 * A stand-in for ProxySQL where the program cannot be had: the admin interface over the real MySQL protocol, its tables in their three
 * layers, hostgroups with sessions, and a read_only monitor whose every check is one call of a test (`monitor`), so that no test
 * waits for its interval. What it shows of ProxySQL is in hostgroups.ts.
 */
export class StandIn {
  readonly hostgroups = new Hostgroups();
  readonly statements: string[] = [];
  readonly readOnly = new Map<string, boolean | 'silent'>();
  writerIsAlsoReader = true;
  /** Answer to statements? A hung process still accepts. */
  hung = false;
  /** Does something else set everything back behind a LOAD? */
  overruled = false;
  /** Called behind every statement that was answered. */
  answered: (sql: string) => void = () => undefined;
  port = 0;
  /** Milliseconds since 1970. */
  loadedAt = 0;
  /** Rounds of the monitor. */
  monitored = 0;
  private readonly misses = new Map<string, number>();
  private readonly wires = new Set<Wire>();
  private clock = 1;
  private sessions = 1;
  private tcp: TcpServer | undefined;
  private readonly tables = new Map<string, Table>();
  private runtimeVariables: Cells[] = [];

  constructor(private readonly accounts: Readonly<Record<string, string>> = { radmin: 'secret' }) {
    const servers = { columns: SERVER_COLUMNS, key: ['hostgroup_id', 'hostname', 'port'], check: checkServer };
    const pairs = { columns: PAIR_COLUMNS, key: ['writer_hostgroup'] };
    const variables = { columns: VARIABLE_COLUMNS, key: ['variable_name'] };
    const groups = { columns: GROUP_COLUMNS, key: ['writer_hostgroup'] };
    for (const prefix of ['', 'disk.']) {
      this.tables.set(`${prefix}mysql_servers`, { ...servers, rows: [] });
      this.tables.set(`${prefix}mysql_replication_hostgroups`, { ...pairs, rows: [] });
      this.tables.set(`${prefix}mysql_galera_hostgroups`, { ...groups, rows: [] });
      this.tables.set(`${prefix}global_variables`, { ...variables, rows: VARIABLES.map((row) => ({ ...row })) });
    }
    this.tables.set('runtime_mysql_galera_hostgroups', { ...groups, rows: [] });
    this.tables.set('monitor.mysql_server_read_only_log', {
      columns: LOG_COLUMNS,
      key: ['hostname', 'port', 'time_start_us'],
      rows: [],
    });
    this.runtimeVariables = VARIABLES.map((row) => ({ ...row }));
  }

  async start(): Promise<void> {
    const server = createServer((wire) => this.greet(wire as unknown as Wire));
    server.listen(0);
    // mysql2 does not tell its types of the socket below it.
    this.tcp = (server as unknown as { _server: TcpServer })._server;
    await once(this.tcp, 'listening');
    this.port = (this.tcp.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const wire of this.wires) wire.stream.destroy();
    if (!this.tcp) return;
    const closed = once(this.tcp, 'close');
    this.tcp.close();
    await closed;
  }

  /** One round of the read_only monitor. `before` takes the answers, the function it returns acts on them: a stale answer is one that waits. */
  monitor(): () => void {
    const asked = this.hostgroups.monitored().map((at) => ({ at, answer: this.readOnly.get(at) ?? true }));
    return () => {
      this.monitored += 1;
      for (const { at, answer } of asked) {
        this.log(at, answer);
        const missed = answer === 'silent' ? (this.misses.get(at) ?? 0) + 1 : 0;
        this.misses.set(at, missed);
        // A silent server is taken for read-only after three checks.
        if (answer !== 'silent') this.hostgroups.act(at, answer, this.writerIsAlsoReader);
        else if (missed >= 3) this.hostgroups.act(at, true, this.writerIsAlsoReader);
      }
    };
  }

  /** A client that inserts one row. Resolves with the server that took it; waits while the hostgroup has no server. */
  client(hostgroup: number) {
    const id = this.nextSession();
    let pinned: { server: Server; pin: Pinned; left: number } | undefined;
    const release = () => {
      pinned?.server.used.delete(pinned.pin);
      pinned = undefined;
    };
    const take = async (idle: boolean): Promise<Server> => {
      if (pinned?.pin.broken) throw new Error('Lost connection to MySQL server during query');
      if (pinned) return pinned.server;
      for (;;) {
        const server = this.hostgroups.serving(hostgroup);
        if (server) {
          const pin = { id, idle, broken: false };
          server.used.add(pin);
          pinned = { server, pin, left: 0 };
          return server;
        }
        await this.hostgroups.untilChanged();
      }
    };
    return {
      insert: async (): Promise<string> => {
        const { at } = await take(false);
        if (this.delay() === 0) release();
        else pinned!.left = this.delay();
        return at;
      },
      select: async (): Promise<string> => {
        const { at } = await take(false);
        if ((pinned!.left -= 1) <= 0) release();
        return at;
      },
      begin: async (): Promise<string> => (await take(true)).at,
      end: release,
    };
  }

  /** What members of a cluster compare: rows that run, without those that are as good as deleted. */
  checksum(): string {
    const live = this.hostgroups.rows().filter((row) => row['status'] !== 'OFFLINE_HARD');
    return live
      .map((row) => JSON.stringify(row))
      .sort()
      .join();
  }

  /** As a member of a cluster does: loaded, and saved. */
  copyServersOf(peer: StandIn): void {
    this.put('mysql_servers', peer.hostgroups.rows());
    this.put('mysql_replication_hostgroups', peer.hostgroups.pairs);
    this.commands['LOAD MYSQL SERVERS TO RUNTIME']!();
    this.commands['SAVE MYSQL SERVERS TO DISK']!();
    this.loadedAt = peer.loadedAt;
  }

  /** Put a hostgroup under another monitor, in memory and at run time. */
  drive(writer: number): void {
    const row = { writer_hostgroup: String(writer), reader_hostgroup: '1', active: '1' };
    for (const name of ['mysql_galera_hostgroups', 'runtime_mysql_galera_hostgroups']) this.rows(name).push({ ...row });
  }

  nextSession = (): number => (this.sessions += 1);

  /** As it is at run time. */
  variable = (name: string): string =>
    this.runtimeVariables.find((row) => row['variable_name'] === name)?.['variable_value'] ?? '';

  delay = (): number => Number(this.variable('mysql-auto_increment_delay_multiplex'));

  private log(at: string, answer: boolean | 'silent'): void {
    const [hostname = '', port = ''] = at.split(':');
    this.tables.get('monitor.mysql_server_read_only_log')!.rows.push({
      hostname,
      port,
      time_start_us: String((this.clock += 1)),
      success_time_us: answer === 'silent' ? '0' : '300',
      read_only: answer === 'silent' ? null : answer ? '1' : '0',
      error: answer === 'silent' ? 'timeout check' : null,
    });
  }

  private greet(wire: Wire): void {
    this.wires.add(wire);
    wire.on('error', () => wire.stream.destroy());
    wire.stream.setNoDelay(true);
    wire.stream.on('close', () => this.wires.delete(wire));
    wire.serverHandshake({
      protocolVersion: 10,
      serverVersion: '5.5.30',
      connectionId: this.nextSession(),
      statusFlags: 2,
      characterSet: 33,
      capabilityFlags: 0xffffff & ~0x800 & ~0x20,
      authCallback: (login, answer) => {
        answer(null, refuseLogin(login, this.accounts));
        wire._resetSequenceId();
      },
    });
    // The driver's server tells SET apart from other statements.
    for (const event of ['query', 'stmt_prepare'] as const) wire.on(event, (sql) => this.answer(wire, sql));
  }

  private answer(wire: Wire, sql: string): void {
    if (this.hung) return;
    wire.stream.cork();
    this.say(wire, sql);
    wire.stream.uncork();
    // Every statement begins its own count of packets; the driver's server leaves that to us.
    wire._resetSequenceId();
    this.answered(sql);
  }

  private say(wire: Wire, sql: string): void {
    try {
      const outcome = this.run(sql);
      if ('affected' in outcome) wire.writeOk({ affectedRows: outcome.affected });
      else wire.writeTextResult(outcome.rows, outcome.columns.map(textColumn));
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      wire.writeError({ code: 1045, message: `ProxySQL Admin Error: ${error.message}` });
    }
  }

  private run(sql: string): Outcome {
    if (sql.startsWith('SET NAMES')) return { affected: 0 };
    this.statements.push(sql);
    const kill = /^KILL CONNECTION (\d+)$/.exec(sql);
    if (kill) {
      this.hostgroups.kill(Number(kill[1]));
      return { affected: 0 };
    }
    const command = this.commands[sql];
    if (command) {
      command();
      return { affected: 0 };
    }
    if (sql === 'SHOW TABLES')
      return {
        columns: ['tables'],
        rows: [...this.tables.keys()].filter((name) => !name.includes('.')).map((tables) => ({ tables })),
      };
    if (sql === LATEST_CHECKS) return this.latestChecks();
    return execute(sql, (name) => this.computed(name) ?? this.tables.get(name));
  }

  private readonly commands: Readonly<Record<string, () => void>> = {
    'LOAD MYSQL SERVERS TO RUNTIME': () => {
      this.loadedAt = Date.now();
      this.hostgroups.load(
        this.overruled ? this.hostgroups.rows() : this.rows('mysql_servers'),
        this.rows('mysql_replication_hostgroups'),
      );
    },
    'SAVE MYSQL SERVERS TO DISK': () =>
      ['mysql_servers', 'mysql_replication_hostgroups'].forEach((name) => this.put(`disk.${name}`, this.rows(name))),
    'SAVE MYSQL SERVERS FROM RUNTIME': () => this.put('mysql_servers', this.hostgroups.rows().map(unshunned)),
    'LOAD MYSQL VARIABLES TO RUNTIME': () => {
      if (!this.overruled) this.runtimeVariables = this.rows('global_variables').map((row) => ({ ...row }));
    },
    'SAVE MYSQL VARIABLES FROM RUNTIME': () => this.put('global_variables', this.runtimeVariables),
    'SAVE MYSQL VARIABLES TO DISK': () => this.put('disk.global_variables', this.rows('global_variables')),
    /** What a restart does: the disk is loaded to memory and to the running state. */
    'LOAD MYSQL SERVERS FROM DISK': () => this.put('mysql_servers', this.rows('disk.mysql_servers')),
  };

  private rows = (name: string): Cells[] => this.tables.get(name)!.rows;

  private put(name: string, rows: readonly Cells[]): void {
    this.rows(name).splice(0, Infinity, ...rows.map((row) => ({ ...row })));
  }

  private computed(name: string): Table | undefined {
    const table = (columns: readonly string[], rows: Cells[]): Table => ({ columns, key: columns, rows });
    switch (name) {
      case 'runtime_mysql_servers':
        return table(SERVER_COLUMNS, this.hostgroups.rows());
      case 'runtime_mysql_replication_hostgroups':
        return table(PAIR_COLUMNS, this.hostgroups.pairs);
      case 'runtime_global_variables':
        return table(VARIABLE_COLUMNS, this.runtimeVariables);
      case 'stats_mysql_connection_pool':
        return table(
          ['hostgroup', 'srv_host', 'srv_port', 'status', 'ConnUsed', 'ConnFree'],
          this.hostgroups.servers.map(({ hostgroup, columns, status, used }) => ({
            hostgroup: String(hostgroup),
            srv_host: columns['hostname']!,
            srv_port: columns['port']!,
            status,
            ConnUsed: String(used.size),
            ConnFree: '0',
          })),
        );
      case 'stats_mysql_processlist':
        return table(
          ['SessionID', 'hostgroup', 'srv_host', 'srv_port'],
          this.hostgroups.servers.flatMap(({ hostgroup, columns, used }) =>
            [...used].map(({ id }) => ({
              SessionID: String(id),
              hostgroup: String(hostgroup),
              srv_host: columns['hostname']!,
              srv_port: columns['port']!,
            })),
          ),
        );
      default:
        return undefined;
    }
  }

  private latestChecks(): Outcome {
    const latest = new Map<string, Cells>();
    for (const row of this.rows('monitor.mysql_server_read_only_log'))
      latest.set(`${row['hostname']}:${row['port']}`, row);
    const columns = ['hostname', 'port', 'read_only', 'error', 'at'];
    return { columns, rows: [...latest.values()].map((row) => ({ ...row, at: row['time_start_us']! })) };
  }
}

const LATEST_CHECKS =
  'SELECT hostname, port, read_only, error, MAX(time_start_us) AS at FROM monitor.mysql_server_read_only_log GROUP BY hostname, port';

const VARIABLES: readonly Cells[] = Object.entries({
  'mysql-auto_increment_delay_multiplex': '5',
  'mysql-monitor_enabled': 'true',
  'mysql-connect_timeout_server_max': '10000',
  'mysql-threads': '4',
}).map(([variable_name, variable_value]) => ({ variable_name, variable_value }));

const unshunned = (row: Cells): Cells => ({ ...row, status: row['status'] === 'SHUNNED' ? 'ONLINE' : row['status']! });

function checkServer(row: Cells): void {
  if (!STATUSES.includes(String(row['status']).toUpperCase())) throw new SqlError('CHECK constraint failed: status');
}

/** Every value is sent as text, as the admin interface does. */
const textColumn = (name: string) => ({
  catalog: 'def',
  schema: '',
  table: '',
  orgTable: '',
  name,
  orgName: '',
  characterSet: 33,
  columnLength: 0,
  columnType: 253,
  flags: 0,
  decimals: 0,
});
