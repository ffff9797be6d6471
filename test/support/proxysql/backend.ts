import { type Duplex } from 'node:stream';
import { createConnection } from 'mysql2';
import { answerReader, COMMAND, Frames, type Outcome } from './packets';

export interface BackendLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly schema: string;
}

/** One of the proxy's own connections to a server: logged in by the driver, spoken to in packets after that. */
export class Backend {
  /** Numbers that this server gave to statements, by their text. */
  readonly prepared = new Map<string, number>();
  /** SET statements that were repeated here for a session. */
  settings = '';
  broken = false;
  private listener: ((packet: Buffer, sequence: number) => void) | undefined;
  private failed: ((error: Error) => void) | undefined;
  private readonly frames: Frames;

  private constructor(
    private readonly stream: Duplex,
    readonly pool: string,
  ) {
    stream.removeAllListeners('data');
    this.frames = new Frames(stream, (packet, sequence) => this.listener?.(packet, sequence));
    for (const event of ['close', 'error'] as const) stream.on(event, () => this.destroy());
  }

  static async open(login: BackendLogin, pool: string, connecting: (end: () => void) => void): Promise<Backend> {
    const { schema, ...where } = login;
    const connection = createConnection({
      ...where,
      ...(schema && { database: schema }),
      connectTimeout: CONNECT_TIMEOUT_MS,
      flags: ['-SESSION_TRACK', '-CLIENT_QUERY_ATTRIBUTES', '-LOCAL_FILES'],
    });
    await new Promise<void>((resolve, reject) => {
      connecting(() => {
        connection.destroy();
        reject(new Error('broken off'));
      });
      connection.once('connect', () => resolve());
      connection.on('error', reject);
    });
    return new Backend((connection as unknown as { stream: Duplex }).stream, pool);
  }

  /** One command; `pass` gets every packet of the answer. Rejects when the connection ends before the answer does. */
  ask(command: Buffer, pass: (packet: Buffer, sequence: number) => void = () => undefined): Promise<Outcome> {
    const read = answerReader(command[0]!);
    return new Promise((resolve, reject) => {
      if (this.broken) reject(new Error('the connection is gone'));
      this.failed = reject;
      this.listener = (packet, sequence) => {
        const outcome = read(packet);
        pass(packet, sequence);
        if (outcome) resolve(outcome);
      };
      this.frames.send(command, 0);
    });
  }

  async run(sql: string): Promise<void> {
    await this.ask(Buffer.concat([Buffer.from([COMMAND.query]), Buffer.from(sql)]));
  }

  /** Forget what the last session set. */
  async reset(): Promise<void> {
    await this.ask(Buffer.from([COMMAND.reset]));
    this.prepared.clear();
  }

  async prepare(sql: string): Promise<number> {
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const { failed, first } = await this.ask(Buffer.concat([Buffer.from([COMMAND.prepare]), Buffer.from(sql)]));
    if (failed) throw new Error(`cannot prepare ${sql}: ${first.toString()}`);
    this.prepared.set(sql, first.readUInt32LE(1));
    return first.readUInt32LE(1);
  }

  destroy(): void {
    this.broken = true;
    this.stream.destroy();
    this.failed?.(new Error('the connection is gone'));
  }
}

/** mysql-connect_timeout_server. */
const CONNECT_TIMEOUT_MS = 1000;
