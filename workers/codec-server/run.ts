import { once } from 'node:events';
import { RunbookError } from '../../activities/errors';
import { openInventory } from '../../activities/inventory/open';
import { resolveSecret } from '../../activities/inventory/secrets';
import { encryptingCodec } from '../encryption/codec';
import { openKeyring } from '../encryption/keyring';
import { startCodecServer } from './server';
import { jwtVerifier, sameText } from './tokens';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** Show the Web UI and the Temporal CLI what is encrypted, until SIGINT or SIGTERM. Throws INVALID_INPUT, SECRET_UNAVAILABLE. */
export async function runCodecServer(inventoryPath: string, onReady: (line: string) => void): Promise<void> {
  const book = await openInventory(inventoryPath);
  const inventory = async () => (await book.current()).inventory;
  const { encryption, folder } = await inventory();
  if (!encryption)
    throw invalidInput('this inventory encrypts nothing', 'Write encryption with keys into it: docs/security.md.');
  const { listen, origins, token, jwt } = encryption.codecServer;
  if (!token && !jwt && !LOOPBACK.includes(listen.host))
    throw invalidInput(
      `the codec server would show everything to everybody who reaches ${listen.host}`,
      'Give encryption.codecServer a token or jwt, or let it listen at 127.0.0.1.',
    );
  const server = await startCodecServer({
    listen,
    origins,
    codec: encryptingCodec(await openKeyring(inventory)),
    admits: admission(token && (() => resolveSecret(token, folder)), jwt && jwtVerifier(jwt)),
  });
  const who = token || jwt ? '' : '; whoever is on this machine may ask';
  onReady(`codec server ready: http://${listen.host}:${listen.port}${who}`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  server.closeAllConnections();
  server.close();
}

function admission(
  token: (() => Promise<string>) | undefined,
  jwt: ((token: string) => Promise<boolean>) | undefined,
): (shown: string) => Promise<boolean> {
  if (!token && !jwt) return () => Promise.resolve(true);
  return async (shown) => {
    if (shown === '') return false;
    return (token !== undefined && sameText(shown, await token())) || (jwt !== undefined && (await jwt(shown)));
  };
}

const invalidInput = (message: string, hint: string) => new RunbookError({ code: 'INVALID_INPUT', message, hint });
