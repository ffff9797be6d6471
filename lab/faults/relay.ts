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

const OPEN: LinkRule = { kind: 'open' };

/** While a server is down its relay does not listen either: its clients must see a refused connection, as without us. */
const LOOK_EVERY_MS = 50;

/** The relays in front of a lab's servers. Runs in a process of its own, so that a busy test cannot stall the links. */
export class Relay {
  private readonly rules = new Map<string, LinkRule>();
  private readonly links = new Set<Link>();

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
    if (rule().kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const target = connect({ port: server.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    client.setNoDelay(true);
    target.setNoDelay(true);
    const link: Link = {
      party,
      server: server.name,
      sockets: [client, target],
      pumps: [pump(client, target, rule), pump(target, client, rule)],
    };
    this.links.add(link);
    target.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') client.resetAndDestroy();
    });
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      one.on('end', () => this.passEnd(link, rule));
      one.on('close', () => {
        this.passEnd(link, rule);
        if (rule().kind !== 'blackhole' && !other.destroyed) other.destroy();
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
