import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { compiled } from './worker';

/** Orders of `upgrade.replaceCommand`, carried out by this process: see replace.ts. */
export interface Replacing {
  readonly command: readonly string[];
  close(): void;
}

/** `replace`: one server by its name; the same order twice is carried out one after the other. */
export async function answerReplacements(replace: (name: string) => Promise<void>): Promise<Replacing> {
  const folder = mkdtempSync(join(tmpdir(), 'mrb-replace-'));
  const socket = join(folder, 's');
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    // Whoever asked may be dead by the time of the answer.
    connection.on('error', () => undefined);
    const carriedOut = heard(connection).then((order) => {
      const { instance } = JSON.parse(order) as { instance: { name: string } };
      const mine = last.then(() => replace(instance.name));
      last = mine.catch(() => undefined);
      return mine;
    });
    carriedOut.then(
      () => connection.end('replaced'),
      (error: unknown) => connection.end(error instanceof Error ? error.message : String(error)),
    );
  });
  await listen(server, socket);
  return {
    command: [process.execPath, compiled('lab/replace.js'), socket],
    close() {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const listen = (server: Server, socket: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });

/** Whatever reads a stream to its end by itself closes it, and the answer would find nobody. */
const heard = (connection: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    connection.setEncoding('utf8').on('data', (part: string) => (text += part));
    connection.on('end', () => resolve(text));
  });
