import { createServer, connect, type Server, type Socket } from 'node:net';
import { partyOf } from './parties';
import { pump, type Pump } from './pump';
import { type LinkRule, type Party, type RelayAnswer, type RelayConnection, type RelayRequest } from './rules';

export interface RelayedServer {
  readonly name: string;
  readonly listenPort: number;
  readonly targetPort: number;
}

interface Link extends RelayConnection {
  readonly sockets: readonly [Socket, Socket];
  readonly pumps: readonly Pump[];
}

interface Beginning {
  readonly server: RelayedServer;
  readonly party: Party;
  readonly rule: () => LinkRule;
  readonly listener: Server;
}

const OPEN: LinkRule = { kind: 'open' };

/** While a server is down its relay does not listen either: its clients must see a refused connection, as without us. */
const LOOK_EVERY_MS = 50;

/** The relays in front of a lab's servers. Runs in a process of its own, so that a busy test cannot stall the links. */
export class Relay {
  private readonly rules = new Map<string, LinkRule>();
  private readonly links = new Set<Link>();
  /** Looks again at a connection that came while its link was silent. */
  private readonly held = new Set<() => void>();

  constructor(private readonly labFile: string) {}

  /** Listens for one server and follows its life: closed while the server refuses, open again when it is back. */
  async front(server: RelayedServer): Promise<void> {
    const listener = createServer({ allowHalfOpen: true }, (client) => this.accept(client, server, listener));
    await listening(listener, server.listenPort);
  }

  answer(request: RelayRequest): RelayAnswer {
    if (request.op === 'connections') {
      return { ok: true, connections: [...this.links].map(({ party, server }) => ({ party, server })) };
    }
    if (request.op === 'heal') this.rules.clear();
    else this.rules.set(key(request.party, request.server), request.rule);
    for (const link of this.links) this.apply(link);
    for (const look of [...this.held]) look();
    return { ok: true };
  }

  /** The closest rule wins: this party and server, then this party and any, then any party. */
  private ruleFor(party: Party, server: string): LinkRule {
    const places = [key(party, server), key(party, '*'), key('*', server), key('*', '*')];
    return places.map((place) => this.rules.get(place)).find((rule) => rule !== undefined) ?? OPEN;
  }

  private apply(link: Link): void {
    const rule = this.ruleFor(link.party, link.server);
    if (rule.kind === 'refuse') for (const socket of link.sockets) socket.resetAndDestroy();
    else if (rule.kind !== 'blackhole') {
      for (const each of link.pumps) each.wake();
      // An end that came while the link was silent is passed on now.
      if (link.sockets.some((socket) => socket.destroyed)) for (const socket of link.sockets) socket.destroy();
    }
  }

  private accept(client: Socket, server: RelayedServer, listener: Server): void {
    client.on('error', () => undefined);
    const party = partyOf(this.labFile, client.remotePort ?? 0, server.listenPort);
    const rule = () => this.ruleFor(party, server.name);
    const begin = () => this.begin(client, { server, party, rule, listener });
    // The server never hears of a knock that the firewall drops: it must not spend one of its connections on it.
    if (rule().kind === 'blackhole') this.hold(client, rule, begin);
    else begin();
  }

  private hold(client: Socket, rule: () => LinkRule, begin: () => void): void {
    const look = () => {
      if (rule().kind === 'blackhole') return;
      this.held.delete(look);
      client.removeAllListeners('end').removeAllListeners('close');
      begin();
    };
    this.held.add(look);
    client
      .on('end', () => client.destroy())
      .on('close', () => this.held.delete(look))
      .resume(); // the server speaks first, so there is nothing to lose; unread, its end would not be noticed
  }

  private begin(client: Socket, { server, party, rule, listener }: Beginning): void {
    if (rule().kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const target = connect({ port: server.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    client.setNoDelay(true);
    target.setNoDelay(true);
    const [up, down] = [pump(client, target, rule), pump(target, client, rule)];
    const link: Link = { party, server: server.name, sockets: [client, target], pumps: [up, down] };
    this.links.add(link);
    target.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') client.resetAndDestroy();
    });
    for (const [one, other, said] of [
      [client, target, up],
      [target, client, down],
    ] as const) {
      one.on('end', () => said.whenEmpty(() => this.passEnd(link, rule)));
      one.on('close', () => {
        said.whenEmpty(() => {
          this.passEnd(link, rule);
          if (rule().kind !== 'blackhole' && !other.destroyed) other.destroy();
        });
        if (client.destroyed && target.destroyed) this.links.delete(link);
      });
    }
    target.on('close', () => void this.closeWhileDown(server, listener));
  }

  /** No half-open life behind a relay: when one side says good-bye, what is on its way is delivered and both end. */
  private passEnd(link: Link, rule: () => LinkRule): void {
    if (rule().kind === 'blackhole') return;
    for (const socket of link.sockets) socket.end();
  }

  private async closeWhileDown(server: RelayedServer, listener: Server): Promise<void> {
    if (!listener.listening || (await answers(server.targetPort))) return;
    listener.close();
    const look = setInterval(() => {
      void answers(server.targetPort).then((up) => {
        if (!up || listener.listening) return;
        clearInterval(look);
        listener.listen(server.listenPort, '127.0.0.1');
      });
    }, LOOK_EVERY_MS);
  }
}

const key = (party: Party, server: string): string => `${party}→${server}`;

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', 1024, () => {
      server.off('error', reject).on('error', () => undefined);
      resolve();
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket
      .once('error', () => resolve(false))
      .once('connect', () => {
        socket.resetAndDestroy();
        resolve(true);
      });
  });
}
