import { type Durability } from '../../workflows/decisions/cluster';
import { ACCOUNTS, passwordStatement, type AccountName } from './accounts';
import { passwordOf, rootDoor, serverNamed } from '../state';
import { type LabServer, type LabState } from '../options';
import { value, withConnection } from '../sql';

/** Gives a fresh copy of the golden folder this lab's passwords. Nothing of it is logged, so no server has a GTID of it. */
export async function setPasswords(state: LabState, server: LabServer, goldenRoot: string): Promise<void> {
  const door = { ...rootDoor(state, server), password: goldenRoot };
  await withConnection(door, async (connection) => {
    await connection.query('SET SESSION sql_log_bin = 0');
    await connection.query('SET GLOBAL super_read_only = OFF');
    for (const name of Object.keys(ACCOUNTS) as AccountName[]) {
      await connection.query(passwordStatement(name), [passwordOf(state.accounts[name])]);
    }
    await connection.query('SET GLOBAL super_read_only = ON');
    // The option file has it too, but a server cannot tell that once the value was set at run time.
    await connection.query('SET PERSIST_ONLY super_read_only = ON');
  });
}

/** Makes `server` copy from `source` by GTID, with the short periods that make a replica a quick witness. */
export async function follow(state: LabState, server: LabServer, source: string, delaySeconds = 0): Promise<void> {
  const from = serverNamed(state, source);
  await withConnection(rootDoor(state, server), async (connection) => {
    await connection.query(
      `CHANGE REPLICATION SOURCE TO SOURCE_HOST = ?, SOURCE_PORT = ?, SOURCE_USER = ?, SOURCE_PASSWORD = ?,
        SOURCE_AUTO_POSITION = 1, SOURCE_HEARTBEAT_PERIOD = 0.5, SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 1000000,
        SOURCE_SSL = 1, SOURCE_SSL_CA = ?, SOURCE_SSL_VERIFY_SERVER_CERT = ?, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_DELAY = ?`,
      [
        from.host,
        from.port,
        state.accounts.replication.user,
        passwordOf(state.accounts.replication),
        state.tls.ca,
      ].concat([state.tls.verify ? 1 : 0, delaySeconds] as never[]),
    );
    await connection.query('START REPLICA');
  });
}

/** Opens the first primary and records epoch 1. Waiting for acknowledgements is on before the first write is possible. */
export async function openFirstPrimary(state: LabState, server: LabServer, durability: Durability): Promise<void> {
  await withConnection(rootDoor(state, server), async (connection) => {
    if (durability !== 'async') {
      await connection.query('SET GLOBAL rpl_semi_sync_replica_enabled = OFF');
      await connection.query('SET GLOBAL rpl_semi_sync_source_enabled = ON');
    }
    await connection.query('SET GLOBAL read_only = OFF');
    await connection.query("INSERT INTO runbooks.epoch (epoch, primary_uuid, run) VALUES (1, @@server_uuid, 'lab up')");
    await connection.query('INSERT INTO runbooks.heartbeat (server_uuid, beat) VALUES (@@server_uuid, 1)');
  });
}

export const uuidOf = async (state: LabState, server: LabServer): Promise<string> =>
  String(await value(rootDoor(state, server), 'SELECT @@server_uuid'));
