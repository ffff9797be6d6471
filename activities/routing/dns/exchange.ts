import { randomInt } from 'node:crypto';
import { createConnection } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type Address } from '../../../workflows/decisions/cluster';

/** No answer, or none that is one: what was asked may have been carried out all the same. */
export class NoAnswer extends Error {}

/** Give each message an id of its own before it is signed: the answers to one connection come in any order. */
export function number(messages: readonly Buffer[]): Buffer[] {
  const first = randomInt(0x10000);
  return messages.map((message, index) => {
    const numbered = Buffer.from(message);
    numbered.writeUInt16BE((first + index) & 0xffff, 0);
    return numbered;
  });
}

/**
 * Send messages to a name server at once and return its answers in the same order. Over TCP, which no answer is too long for and whose
 * sender cannot be feigned as UDP's can; a connection of its own each time, which can neither be half dead nor lead to a server that was
 * replaced. Throws NoAnswer. Source: RFC 7766, sections 6.2.1.1, 7 and 8.
 */
export function exchange(server: Address, messages: readonly Buffer[], until: number): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ ...server, noDelay: true });
    const answers = new Map<number, Buffer>();
    let heard = Buffer.alloc(0);
    const end = (why?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      if (why === undefined) resolve(messages.map((message) => answers.get(idOf(message)) ?? message));
      else reject(new NoAnswer(why));
    };
    const timer = setTimeout(() => end('it did not answer in time'), Math.max(1, until - performance.now()));
    socket.on('connect', () => socket.write(Buffer.concat(messages.map(framed))));
    socket.on('data', (data) => {
      heard = Buffer.concat([heard, data]);
      while (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0)) {
        const answer = heard.subarray(2, 2 + heard.readUInt16BE(0));
        heard = heard.subarray(2 + answer.length);
        if (answer.length < HEADER_BYTES) {
          end('what it answered is no DNS message');
          return;
        }
        if (messages.some((message) => idOf(message) === idOf(answer))) answers.set(idOf(answer), answer);
      }
      if (answers.size === messages.length) end();
    });
    socket.on('error', (error) => end(error.message));
    socket.on('end', () => end('it closed the connection without an answer'));
  });
}

const HEADER_BYTES = 12;

const idOf = (message: Buffer): number => message.readUInt16BE(0);

const framed = (message: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
};
