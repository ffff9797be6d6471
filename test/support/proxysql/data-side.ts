import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as TcpServer, type Socket } from 'node:net';
import { type Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { Backend } from './backend';
import { type Pinned, type Server } from './hostgroups';
import { asksForTls, COMMAND, errorPacket, Frames, greeting, okPacket, readLogin, STATUS } from './packets';
import { type StandIn } from './stand-in';
import { refuseLogin } from './wire';

export interface Doorway {
  /** Where every statement goes: no query rules. */
  readonly hostgroup: number;
  /** Passwords by user, for clients and for servers alike. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer };
}

/**
 * Where the clients of the stand-in come in: sessions that are kept while servers change behind them. A statement takes a connection to an
 * ONLINE server of the hostgroup and gives it back, unless a transaction is open or `mysql-auto_increment_delay_multiplex` statements have
 * not passed since an AUTO_INCREMENT insert; it waits up to `mysql-connect_timeout_server_max` where there is no server, then fails with 9001.
 * SET is remembered and repeated on each connection, and so are prepared statements.
 * Source: ProxySQL documentation, "Multiplexing", "Global variables".
 */
export class DataSide {
  port = 0;
  /** How often each user has logged in. */
  readonly logins: Record<string, number> = {};
  private readonly sessions = new Set<Session>();
  private readonly idle = new Map<string, Backend[]>();
  private readonly tcp: TcpServer;
  private stopped = false;

  constructor(
    readonly proxy: StandIn,
    readonly doorway: Doorway,
  ) {
    this.tcp = createServer({ noDelay: true }, (socket) => void this.sessions.add(new Session(this, socket)));
  }

  async start(): Promise<void> {
    this.tcp.listen(0, '127.0.0.1');
    await once(this.tcp, 'listening');
    this.port = (this.tcp.address() as AddressInfo).port;
    void this.dropDeleted();
  }

  stop(): void {
    this.stopped = true;
    for (const session of this.sessions) session.end();
    for (const backend of [...this.idle.values()].flat()) backend.destroy();
    this.tcp.close();
  }

  forget(session: Session): void {
    this.sessions.delete(session);
  }

  /** A connection to this server, for this account and schema. */
  async connect(at: string, user: string, schema: string, connecting: (end: () => void) => void): Promise<Backend> {
    const pool = `${at} ${user} ${schema}`;
    for (;;) {
      const kept = this.idle.get(pool)?.pop();
      if (!kept) break;
      if (!kept.broken) return kept;
    }
    const [host = '', port = ''] = at.split(':');
    const password = this.doorway.accounts[user] ?? '';
    return Backend.open({ host, port: Number(port), user, password, schema }, pool, connecting);
  }

  giveBack(backend: Backend): void {
    if (this.stopped) backend.destroy();
    else this.idle.set(backend.pool, [...(this.idle.get(backend.pool) ?? []), backend]);
  }

  /** A server that is OFFLINE_HARD keeps no connection, not even an idle one. */
  private async dropDeleted(): Promise<void> {
    while (!this.stopped) {
      await this.proxy.hostgroups.untilChanged();
      for (const [pool, backends] of this.idle) {
        const known = this.proxy.hostgroups.servers.some(
          ({ at, status }) => pool.startsWith(`${at} `) && status !== 'OFFLINE_HARD',
        );
        if (!known) for (const backend of backends.splice(0)) backend.destroy();
      }
    }
  }
}

/** The answer of MySQL's own clients, and of ProxySQL, for a server that left in the middle. */
const LOST = errorPacket(2013, 'Lost connection to MySQL server during query');
const RETRY_MS = 10;

/** A client's statement finds no server. */
class NoServer extends Error {}

interface Held {
  readonly server: Server;
  readonly backend: Backend;
  readonly pin: Pinned;
}

class Session {
  private readonly id: number;
  private readonly scramble = Buffer.from(randomBytes(20).map((byte) => (byte % 90) + 33));
  private frames: Frames;
  private stream: Duplex;
  private user = '';
  private schema = '';
  private settings: string[] = [];
  private readonly statements = new Map<number, string>();
  private held: Held | undefined;
  /** Statements for which it stays where it is. */
  private stays = 0;
  private loggedIn = false;
  private ended = false;
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly side: DataSide,
    private readonly socket: Socket,
  ) {
    this.id = side.proxy.nextSession();
    this.stream = socket;
    this.frames = this.listen(socket);
    socket.on('close', () => this.end());
    this.frames.send(greeting(this.id, this.scramble), 0);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.socket.destroy();
    this.release(false);
    this.side.forget(this);
  }

  private listen(stream: Duplex): Frames {
    stream.on('error', () => this.end());
    return new Frames(stream, (packet, sequence) => {
      const whole = Buffer.from(packet);
      this.turn = this.turn.then(() => (this.loggedIn ? this.serve(whole) : this.login(whole, sequence)));
    });
  }

  private login(packet: Buffer, sequence: number): void {
    if (asksForTls(packet)) {
      this.frames.release();
      const secureContext = createSecureContext(this.side.doorway.tls);
      this.stream = new TLSSocket(this.socket, { isServer: true, secureContext });
      this.frames = this.listen(this.stream);
      return;
    }
    const { user, token, schema } = readLogin(packet);
    const refusal = refuseLogin(
      {
        user,
        authPluginData1: this.scramble.subarray(0, 8),
        authPluginData2: this.scramble.subarray(8),
        authToken: token,
      },
      this.side.doorway.accounts,
    );
    if (refusal) {
      this.frames.send(errorPacket(refusal.code, refusal.message), sequence + 1);
      return;
    }
    this.loggedIn = true;
    this.side.logins[user] = (this.side.logins[user] ?? 0) + 1;
    [this.user, this.schema] = [user, schema];
    this.frames.send(okPacket(), sequence + 1);
  }

  private async serve(packet: Buffer): Promise<void> {
    const [command] = packet;
    const text = packet.toString('utf8', 1);
    if (command === COMMAND.quit) {
      this.end();
      return;
    }
    if (command === COMMAND.close) return void this.statements.delete(packet.readUInt32LE(1));
    if (command === COMMAND.ping) {
      this.frames.send(okPacket(), 1);
      return;
    }
    if (command === COMMAND.useSchema) {
      this.schema = text;
      this.frames.send(okPacket(), 1);
      return;
    }
    if (command === COMMAND.query && /^SET (?!GLOBAL)/i.test(text)) {
      this.settings.push(text);
      this.frames.send(okPacket(), 1);
      return;
    }
    try {
      await this.forward(packet, text);
    } catch (error) {
      this.release(false);
      this.frames.send(error instanceof NoServer ? errorPacket(9001, error.message) : LOST, 1);
    }
  }

  private async forward(packet: Buffer, text: string): Promise<void> {
    const held = await this.take();
    const { backend, pin } = held;
    pin.idle = false;
    const number = this.statements.size + 1;
    const asked = Buffer.from(packet);
    if (packet[0] === COMMAND.execute) {
      const sql = this.statements.get(packet.readUInt32LE(1)) ?? '';
      asked.writeUInt32LE(await backend.prepare(sql), 1);
    }
    const outcome = await backend.ask(asked, (answer, sequence) => {
      const told = Buffer.from(answer);
      // The client knows this session's numbers, not the server's.
      if (packet[0] === COMMAND.prepare && sequence === 1 && told[0] === 0) told.writeUInt32LE(number, 1);
      this.frames.send(told, sequence);
    });
    if (packet[0] === COMMAND.prepare && !outcome.failed) {
      this.statements.set(number, text);
      backend.prepared.set(text, outcome.first.readUInt32LE(1));
    }
    this.after(outcome.failed ? undefined : outcome.status, outcome.insertId, held);
  }

  /** Does the session stay on its server? An error does not tell: then it stays as it was. */
  private after(status: number | undefined, insertId: number, { pin }: Held): void {
    const open = status === undefined ? pin.inTransaction === true : (status & STATUS.inTransaction) !== 0;
    pin.inTransaction = open;
    pin.idle = true;
    this.stays = insertId > 0 ? this.side.proxy.delay() : Math.max(0, this.stays - 1);
    if (!open && this.stays === 0) this.release(true);
  }

  private release(whole: boolean): void {
    if (!this.held) return;
    const { server, backend, pin } = this.held;
    this.held = undefined;
    this.stays = 0;
    server.used.delete(pin);
    if (whole && !pin.broken && !backend.broken) this.side.giveBack(backend);
    else backend.destroy();
  }

  private async take(): Promise<Held> {
    if (this.held) return this.held;
    const { hostgroups } = this.side.proxy;
    const { hostgroup } = this.side.doorway;
    const patienceMs = Number(this.side.proxy.variable('mysql-connect_timeout_server_max'));
    const until = performance.now() + patienceMs;
    while (!this.ended) {
      const server = hostgroups.serving(hostgroup);
      if (server) {
        const held = await this.takeFrom(server);
        if (held) return (this.held = held);
      }
      if (performance.now() >= until)
        throw new NoServer(
          `Max connect timeout reached while reaching hostgroup ${hostgroup} after ${Math.round(patienceMs)}ms`,
        );
      const over = pause(until - performance.now(), undefined, { ref: false });
      await Promise.race([server ? pause(RETRY_MS) : hostgroups.untilChanged(), over]);
    }
    throw new NoServer('the client has left');
  }

  private async takeFrom(server: Server): Promise<Held | undefined> {
    let breakOff: () => void = () => undefined;
    const pin: Pinned = {
      id: this.id,
      idle: false,
      broken: false,
      inTransaction: false,
      broke: (how) => {
        breakOff();
        // A session that is killed ends; one whose server goes is told, and goes on with another.
        if (how === 'killed') this.end();
      },
    };
    server.used.add(pin);
    try {
      const connecting = (end: () => void) => (breakOff = end);
      const backend = await this.side.connect(server.at, this.user, this.schema, connecting);
      breakOff = () => backend.destroy();
      const wanted = this.settings.join('; ');
      if (backend.settings !== wanted) {
        if (backend.settings !== '') await backend.reset();
        for (const setting of this.settings) await backend.run(setting);
        backend.settings = wanted;
      }
      if (!pin.broken) return { server, backend, pin };
      backend.destroy();
    } catch {
      // It is tried again, there or elsewhere, while the client waits.
    }
    server.used.delete(pin);
    return undefined;
  }
}
