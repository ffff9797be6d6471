import { type CallOptions, type Mysql } from './mysql';

const known = new WeakMap<Mysql, { readonly version: string; readonly lost: number }>();

/**
 * VERSION() of a server, asked once and again after a connection to it was lost: its program may have been replaced meanwhile, and whoever
 * still spoke the old words to it would get error 1064.
 */
export async function versionOf(server: Mysql, options: CallOptions = {}): Promise<string> {
  const lost = server.lostConnections();
  const before = known.get(server);
  if (before?.lost === lost) return before.version;
  const version = String(await server.value('SELECT VERSION()', [], options));
  known.set(server, { version, lost });
  return version;
}

export const forgetVersion = (server: Mysql): boolean => known.delete(server);
