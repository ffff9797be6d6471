import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { schemaStatements } from '../../activities/mysql/schema';
import { type OldServer, startOldServer } from '../../lab/mysqld/old-server';
import { type OldRelease } from '../../lab/programs/old-mysql';
import { runAll } from '../../lab/sql';

export const OLD_NAMES = ['db1', 'db2', 'db3'] as const;
export type OldName = (typeof OLD_NAMES)[number];
export const OLD_PASSWORD = 'old-but-secret';
/** Of our own tables. */
const SCHEMA = 'runbooks';

/** Old releases are fetched through Maven; a machine without it has none. */
export const hasMaven = (() => {
  try {
    execFileSync('mvn', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export interface OldFleet {
  readonly servers: readonly OldServer[];
  readonly at: (name: OldName) => OldServer;
  readonly stop: () => Promise<void>;
}

/** Three servers of an old release without semi-sync (its plugins are not to be had here): db1 with our tables and an epoch, two replicas. */
export async function startOldFleet(version: OldRelease, folder: string): Promise<OldFleet> {
  const servers: OldServer[] = [];
  const at = (name: OldName): OldServer => servers[OLD_NAMES.indexOf(name)]!;
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    for (const [index, name] of OLD_NAMES.entries())
      servers.push(await startOldServer(version, join(folder, name), { serverId: index + 1, password: OLD_PASSWORD }));
    await runAll(at('db1').root, [
      ...schemaStatements(SCHEMA),
      `INSERT INTO ${SCHEMA}.epoch (epoch, primary_uuid, run) VALUES (1, @@server_uuid, 'by hand')`,
      'CREATE DATABASE shop',
      `CREATE USER 'app'@'%' IDENTIFIED WITH mysql_native_password BY '${OLD_PASSWORD}'`,
      "GRANT SELECT, INSERT ON shop.* TO 'app'@'%'",
    ]);
    for (const name of ['db2', 'db3'] as const)
      await runAll(at(name).root, [
        'SET GLOBAL super_read_only = ON',
        `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${at('db1').port}, MASTER_USER = 'runbooks',
           MASTER_PASSWORD = '${OLD_PASSWORD}', MASTER_AUTO_POSITION = 1, MASTER_HEARTBEAT_PERIOD = 1, MASTER_CONNECT_RETRY = 1`,
        'START SLAVE',
      ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { servers, at, stop };
}
