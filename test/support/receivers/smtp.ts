import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A mail server that keeps what it is given (RFC 5321, AUTH PLAIN). `lose` takes a mail and cuts before it says so. */
export class SmtpSink {
  readonly mails: Mail[] = [];
  mood: 'well' | 'busy' | 'lose' = 'well';
  account: { user: string; password: string } | null = null;
  #server: Server | null = null;
  #sockets = new Set<Socket>();

  async start(): Promise<void> {
    this.#server = createServer((socket) => this.#talk(socket));
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo).port;
  }

  #talk(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    const say = (line: string) => void socket.write(`${line}\r\n`);
    let [from, to, rest, inData, known] = ['', [] as string[], '', false, this.account === null];
    const hear = (line: string) => {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO' || verb === 'HELO') say(this.account ? '250-sink\r\n250 AUTH PLAIN' : '250 sink');
      else if (verb === 'AUTH') {
        const [, user, password] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString()
          .split('\0');
        known = user === this.account?.user && password === this.account?.password;
        say(known ? '235 ok' : '535 5.7.8 credentials invalid');
      } else if (!known && verb !== 'QUIT') say('530 5.7.0 authentication required');
      else if (verb === 'MAIL') {
        [from, to] = [address(line), []];
        say(this.mood === 'busy' ? '451 4.3.2 try again later' : '250 ok');
      } else if (verb === 'RCPT') {
        to.push(address(line));
        say('250 ok');
      } else if (verb === 'DATA') {
        inData = true;
        say('354 go ahead');
      } else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else say('250 ok');
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      rest += text;
      for (;;) {
        const end = rest.indexOf(inData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const part = rest.slice(0, end);
        rest = rest.slice(end + (inData ? 5 : 2));
        if (!inData) {
          hear(part);
          continue;
        }
        inData = false;
        this.mails.push({ from, to, ...readMail(part) });
        if (this.mood === 'lose') socket.destroy();
        else say('250 queued');
      }
    });
    say('220 sink ESMTP');
  }
}

const address = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';

function readMail(data: string): Pick<Mail, 'headers' | 'text'> {
  const gap = data.indexOf('\r\n\r\n');
  const lines = data
    .slice(0, gap)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { headers, text: data.slice(gap + 4) };
}
