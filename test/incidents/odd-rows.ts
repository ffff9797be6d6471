import { type Lab } from '../../lab';
import { runAll } from '../../lab/sql';
import { rootDoor } from '../../lab/state';

/** Writes on a server as somebody with all rights does; closed again afterwards. Returns the GTID of what was written. */
export async function writeErrant(lab: Lab, server: string): Promise<string> {
  const before = String(await lab.value(server, 'SELECT @@global.gtid_executed'));
  await lab.rows(server, 'SET GLOBAL super_read_only = OFF');
  await lab.rows(server, 'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (64000, 1, @@server_uuid)');
  await lab.rows(server, 'SET GLOBAL super_read_only = ON');
  const { uuid } = lab.server(server);
  const added = String(await lab.value(server, 'SELECT GTID_SUBTRACT(@@global.gtid_executed, ?)', [before]));
  return (
    added
      .split(',')
      .map((part) => part.trim())
      .find((part) => part.startsWith(uuid)) ?? ''
  );
}

/** A row that no binary log knows: only an applier that meets it again tells. */
export const writeUnlogged = (lab: Lab, server: string, sql: string): Promise<void> =>
  runAll(rootDoor(lab.state, lab.server(server)), [
    'SET SESSION sql_log_bin = 0',
    'SET GLOBAL super_read_only = OFF',
    sql,
    'SET GLOBAL super_read_only = ON',
  ]);
