import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * `upgrade.replaceCommand` of the lab's fleets: node replace.js SOCKET. Whoever has started the servers replaces their programs, so that they die
 * with it as before; this hands the order over and tells what came of it.
 */
const connection = createConnection(process.argv[2] ?? '');
process.stdin.pipe(connection);
void text(connection).then(
  (answer) => {
    if (answer !== 'replaced') process.stderr.write(`${answer || 'no answer'}\n`);
    process.exitCode = answer === 'replaced' ? 0 : 1;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
