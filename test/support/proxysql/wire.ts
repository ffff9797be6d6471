import { createHash } from 'node:crypto';
import { type EventEmitter } from 'node:events';
import { type Socket } from 'node:net';
import { type Cells } from './sql';

interface LoginAttempt {
  readonly user: string;
  readonly authPluginData1: Buffer;
  readonly authPluginData2: Buffer;
  readonly authToken: Buffer;
}

interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** The server's end of a connection of the driver, which its types leave out. */
export interface Wire extends EventEmitter {
  readonly stream: Socket;
  serverHandshake(greeting: {
    readonly protocolVersion: number;
    readonly serverVersion: string;
    readonly connectionId: number;
    readonly statusFlags: number;
    readonly characterSet: number;
    readonly capabilityFlags: number;
    readonly authCallback: (login: LoginAttempt, answer: (error: null, refusal: Refusal | undefined) => void) => void;
  }): void;
  on(event: 'query' | 'stmt_prepare', listener: (sql: string) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  _resetSequenceId(): void;
  writeOk(answer: { readonly affectedRows: number }): void;
  writeError(refusal: Refusal): void;
  writeTextResult(rows: readonly Cells[], columns: readonly { readonly name: string }[]): void;
}

/** mysql_native_password; `admin` is let in from the proxy's own host only, and here everybody counts as a stranger. */
export function refuseLogin(login: LoginAttempt, accounts: Readonly<Record<string, string>>): Refusal | undefined {
  if (login.user === 'admin') return { code: 1040, message: "User 'admin' can only connect locally" };
  const password = accounts[login.user];
  const scramble = Buffer.concat([login.authPluginData1, login.authPluginData2]);
  if (password !== undefined && token(password, scramble).equals(login.authToken)) return undefined;
  return {
    code: 1045,
    message: `ProxySQL Error: Access denied for user '${login.user}'@'127.0.0.1' (using password: YES)`,
  };
}

/** SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))). Source: MySQL documentation, "Native Authentication". */
function token(password: string, scramble: Buffer): Buffer {
  const sha1 = (...parts: (string | Buffer)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest();
  const once = sha1(password);
  const mask = sha1(scramble, sha1(once));
  return Buffer.from(once.map((byte, index) => byte ^ mask[index]!));
}
