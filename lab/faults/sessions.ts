import { createConnection, type Connection } from 'mysql2/promise';
import { open, rows, runAll } from '../sql';
import { passwordOf, rootDoor, serverNamed } from '../state';
import { type LabState } from '../options';

/** Ends what a fault began. Calling it twice is the same as once; it does not fail when the server is gone meanwhile. */
export type Undo = () => Promise<void>;

/** One more session as root that ran `statements` and stays. */
async function hold(state: LabState, server: string, statements: readonly string[]): Promise<Undo> {
  const connection = await open(rootDoor(state, serverNamed(state, server)));
  connection.on('error', () => undefined);
  for (const statement of statements) await connection.query(statement);
  return async () => Promise.resolve().then(() => connection.destroy());
}

/** LOCK TABLES … WRITE, held. */
export const holdTableLock = (state: LabState, server: string, table = 'shop.orders'): Promise<Undo> =>
  hold(state, server, [`LOCK TABLES ${table} WRITE`]);

/** LOCK TABLES … READ, held: a server that is super_read_only takes no other, and its applier waits behind it. */
export const holdApplier = (state: LabState, server: string, table = 'shop.orders'): Promise<Undo> =>
  hold(state, server, [`LOCK TABLES ${table} READ`]);

/** A transaction with an uncommitted row, held. */
export const holdTransaction = (state: LabState, server: string): Promise<Undo> =>
  hold(state, server, [
    'BEGIN',
    'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (65000, 1 + FLOOR(RAND() * 1e12), @@server_uuid)',
  ]);

/** FLUSH TABLES WITH READ LOCK, held. */
export const holdGlobalReadLock = (state: LabState, server: string): Promise<Undo> =>
  hold(state, server, ['FLUSH TABLES WITH READ LOCK']);

/** A transaction that is PREPARED and outlives its session; undone by XA ROLLBACK. */
export async function prepareXa(state: LabState, server: string, name = 'lab'): Promise<Undo> {
  const row =
    'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (65001, 1 + FLOOR(RAND() * 1e12), @@server_uuid)';
  const done = await hold(state, server, [`XA START '${name}'`, row, `XA END '${name}'`, `XA PREPARE '${name}'`]);
  await done();
  return async () => {
    await runAll(rootDoor(state, serverNamed(state, server)), [`XA ROLLBACK '${name}'`]).catch(() => undefined);
  };
}

/** Sessions of the load's account until the server says 1040. Root's own door is the admin socket's spare one. */
export async function exhaustConnections(state: LabState, server: string): Promise<Undo> {
  const { host, ownPort } = serverNamed(state, server);
  const credentials = { host, port: ownPort, user: state.accounts.app.user, password: passwordOf(state.accounts.app) };
  const held: Connection[] = [];
  for (;;) {
    try {
      const next = await createConnection({ ...credentials, connectTimeout: 5000 });
      next.on('error', () => undefined);
      held.push(next);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ER_CON_COUNT_ERROR') break;
      for (const connection of held) connection.destroy();
      throw error;
    }
  }
  return async () => {
    await Promise.resolve();
    for (const connection of held.splice(0)) connection.destroy();
  };
}

/** ACCOUNT LOCK, on this server alone (not logged), and an end to its standing sessions. */
export async function lockAccount(
  state: LabState,
  server: string,
  account: 'admin' | 'replication' | 'app',
): Promise<Undo> {
  const door = rootDoor(state, serverNamed(state, server));
  const { user } = state.accounts[account];
  await alterAccount(door, user, 'ACCOUNT LOCK');
  const sessions = await rows(door, 'SELECT id FROM information_schema.processlist WHERE user = ?', [user]);
  for (const { id, ID } of sessions) await runAll(door, [`KILL ${String(id ?? ID)}`]).catch(() => undefined);
  return () => alterAccount(door, user, 'ACCOUNT UNLOCK').catch(() => undefined);
}

/** A server that is super_read_only refuses ALTER USER even unlogged, so it is opened for that moment. */
async function alterAccount(door: ReturnType<typeof rootDoor>, user: string, what: string): Promise<void> {
  const [state] = await rows(door, 'SELECT @@global.super_read_only AS super_read_only');
  const closed = String(state?.['super_read_only']) === '1';
  const alter = `ALTER USER '${user}'@'%' ${what}`;
  const around = closed ? ['SET GLOBAL super_read_only = OFF', alter, 'SET GLOBAL super_read_only = ON'] : [alter];
  await runAll(door, ['SET SESSION sql_log_bin = 0', ...around]);
}
