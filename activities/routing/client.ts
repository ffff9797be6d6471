import { type SslOptions } from 'mysql2';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps } from '../deps';
import { type Line } from '../mysql/line';
import { quoteName } from '../mysql/quoting';
import { tlsOptions } from '../mysql/tls';

/** How to come in at a router's write address, as a client does. */
export interface ClientDoor {
  readonly user: string;
  readonly password: string;
  /** Left out = plain text. */
  readonly ssl?: SslOptions;
  /** Schema with the heartbeat table. */
  readonly schema: string;
}

/** Clients of our own come in with the admin account. */
export async function clientDoor(deps: Pick<Deps, 'secret'>, { accounts, schema, tls }: Cluster): Promise<ClientDoor> {
  const ssl = await tlsOptions(tls);
  return {
    user: accounts.admin.user,
    password: await deps.secret(accounts.admin.password),
    schema,
    ...(ssl && { ssl }),
  };
}

/** One heartbeat row; resolves with the server_uuid of who acknowledged it. `check` sees it before anything is written, and may throw. */
export async function writeRow(line: Line, schema: string, check: (uuid: string) => void): Promise<string> {
  // A proxy that splits reads sends a lone SELECT where its rules say, often to a reader; a transaction stays where it began.
  await line.query('START TRANSACTION', [], 'objects');
  const [server] = await line.query<{ uuid: string }[]>('SELECT @@global.server_uuid AS uuid', [], 'objects');
  const uuid = server?.uuid ?? '';
  check(uuid);
  // The uuid stands in the statement as a value: @@server_uuid would be unsafe for statement-based replication.
  await line.query(
    `INSERT INTO ${quoteName(schema)}.heartbeat (server_uuid, written_at, beat) VALUES (?, NOW(6), 1)
     ON DUPLICATE KEY UPDATE written_at = NOW(6), beat = beat + 1`,
    [uuid],
    'objects',
  );
  await line.query('COMMIT', [], 'objects');
  return uuid;
}
