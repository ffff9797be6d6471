import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { sizeOf as sizeOfBackup } from '../../workflows/decisions/backups/manifest';
import { type Cluster, type Instance } from '../../workflows/decisions/cluster';
import { print } from '../../workflows/decisions/gtid-set';
import {
  type CopyFacts,
  type ProvisionSurvey,
  type Tool,
  type Unread,
} from '../../workflows/decisions/provision/facts';
import { openShelf } from '../archive/shelf';
import { readCatalogue } from '../backups/catalogue';
import { placesOf } from '../backups/places';
import { type Deps, knownInstance, serverAsBackup, words } from '../deps';
import { type Mysql } from '../mysql/mysql';
import { runProgram } from '../programs/run';
import { programNamed } from '../programs/through';
import { previewCluster } from '../switchover/prepare';
import { readHalf } from './half';
import { placeOf, xtraBackupOn } from './survey-host';

/** Large fleets of tables take their time to be listed. */
const DEADLINE = { deadlineMs: 20_000 };

const VARIABLES = [
  ...['version', 'version_compile_os', 'version_compile_machine', 'innodb_page_size', 'innodb_data_file_path'],
  ...['character_set_server', 'collation_server', 'lower_case_table_names', 'max_allowed_packet', 'datadir'],
  ...['innodb_data_home_dir', 'innodb_log_group_home_dir', 'innodb_undo_directory'],
  ...['log_bin_basename', 'relay_log_basename'],
];
export const SYSTEM_SCHEMAS = ['mysql', 'sys', 'information_schema', 'performance_schema'];

const TOOLS: readonly Tool[] = ['mysqldump', 'mysql', 'zstd'];

/** All that decides whether, from whom and how one instance is filled. Changes nothing; a server that cannot be looked at is named. */
export async function surveyProvision(deps: Deps, cluster: string): Promise<ProvisionSurvey> {
  const preview = await previewCluster(deps, cluster);
  const { snapshot, routers } = preview;
  const readable = snapshot.members.filter((member) => member.readable);
  const [copies, tools, stored] = await Promise.all([
    Promise.all(readable.map(({ name }) => copyFacts(deps, preview.cluster, name))),
    Promise.all(TOOLS.map(async (tool) => ((await isInstalled(tool)) ? [tool] : []))),
    preview.cluster.backups ? storedCopy(deps, preview.cluster) : undefined,
  ]);
  return { cluster: preview.cluster, snapshot, routers, copies, tools: tools.flat(), ...(stored && { stored }) };
}

async function isInstalled(tool: Tool): Promise<boolean> {
  const { how, code } = await runProgram([programNamed(tool), '--version'], { deadlineMs: 10_000 });
  return how === 'exit' && code === 0;
}

async function copyFacts(deps: Deps, cluster: Cluster, name: string): Promise<CopyFacts | Unread> {
  try {
    const server = serverAsBackup(deps, cluster, name);
    const variables = await variablesOf(server);
    const [bytes, plugins, schemas, nonInnodb, grants, place, logins, authenticates, filesHere, xtrabackup, half] =
      await Promise.all([
        sizeOf(server),
        column(
          server,
          `SELECT LOWER(PLUGIN_NAME) FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE' AND PLUGIN_LIBRARY IS NOT NULL`,
        ),
        userSchemas(server, cluster.schema),
        column(
          server,
          `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' (', ENGINE, ')') FROM information_schema.TABLES
          WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' AND TABLE_SCHEMA NOT IN (?) LIMIT 50`,
          [SYSTEM_SCHEMAS],
        ),
        column(server, 'SHOW GRANTS'),
        placeOf(cluster, name, variables['datadir'] ?? ''),
        loginsOf(server),
        column(
          server,
          `SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'AUTHENTICATION' AND PLUGIN_STATUS = 'ACTIVE'`,
        ),
        writesFilesOf(server, knownInstance(cluster, name)),
        xtraBackupOn(cluster, name),
        readHalf(server, cluster.schema),
      ]);
    const files = {
      ...{ freeBytes: null, ...place, filesHere },
      ...(xtrabackup && { xtrabackup }),
      ...(half !== null && { half }),
    };
    return { name, bytes, variables, plugins, schemas, nonInnodb, grants, logins, authenticates, ...files };
  } catch (error) {
    return { name, because: words(error) };
  }
}

async function variablesOf(server: Mysql): Promise<Record<string, string>> {
  const rows = await server.rows<{ Variable_name: string; Value: string }>(
    'SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)',
    [VARIABLES],
    DEADLINE,
  );
  return Object.fromEntries(rows.map((row) => [row.Variable_name, row.Value]));
}

async function column(server: Mysql, sql: string, values: readonly unknown[] = []): Promise<string[]> {
  const rows = await server.rows<Record<string, string>>(sql, values, DEADLINE);
  return rows.map((row) => Object.values(row)[0] ?? '');
}

/** 5.7 has another name for the list. */
const SIZES = ['INNODB_TABLESPACES', 'INNODB_SYS_TABLESPACES'];

async function sizeOf(server: Mysql): Promise<number | null> {
  for (const list of SIZES) {
    const size = await server
      .value(`SELECT CAST(SUM(FILE_SIZE) AS DECIMAL(30)) FROM information_schema.${list}`, [], DEADLINE)
      .catch(() => null);
    if (size !== null && size !== undefined) return Number(size);
  }
  return null;
}

const FEW = 5;

/** The server's own accounts and locked ones (roles are) log in by nothing. Without the right to look, a load finds it out. */
async function loginsOf(server: Mysql): Promise<Record<string, string[]>> {
  const rows = await server
    .rows<{ plugin: string; account: string }>(
      `SELECT plugin, CONCAT(QUOTE(User), '@', QUOTE(Host)) AS account FROM mysql.user
        WHERE account_locked = 'N' AND User NOT LIKE 'mysql.%' ORDER BY plugin, User, Host`,
      [],
      DEADLINE,
    )
    .catch(() => []);
  const logins: Record<string, string[]> = {};
  for (const { plugin, account } of rows) {
    const some = (logins[plugin] ??= []);
    if (some.length < FEW) some.push(account);
  }
  return logins;
}

/** Our own schema has no data of anybody's, and stands on a server that was only made ready. */
const userSchemas = (server: Mysql, ours: string): Promise<string[]> =>
  column(server, 'SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (?)', [
    [...SYSTEM_SCHEMAS, ours],
  ]);

/** The newest logical backup that is proven, and what is archived. Reads only. */
async function storedCopy(deps: Deps, cluster: Cluster): Promise<NonNullable<ProvisionSurvey['stored']>> {
  try {
    const { store, policy } = await placesOf(deps, cluster);
    const [{ backups }, { files }] = await Promise.all([
      readCatalogue(store, cluster.name),
      openShelf(deps, cluster).then((shelf) => shelf.coverage()),
    ]);
    const proven = backups.filter(
      ({ manifest, verified }) => manifest.kind === 'logical' && verified?.verdict === 'proven',
    );
    const newest = proven.at(-1)?.manifest;
    return {
      ...{ store: store.name, backups: backups.length, archived: print(gtidsOf(files)) },
      scratch: policy.scratch !== undefined,
      backup: newest
        ? {
            ...{ id: newest.id, gtids: newest.gtidExecuted, endedAt: newest.endedAt },
            ...{ serverVersion: newest.serverVersion, bytes: sizeOfBackup(newest) },
          }
        : null,
    };
  } catch (error) {
    return { because: words(error) };
  }
}

/** Its relay logs lie on this machine, and this program may write there. */
export async function writesFilesOf(server: Mysql, { control }: Instance): Promise<boolean> {
  if (control?.kind !== 'local' && control?.kind !== 'systemd') return false;
  const base = String((await server.value('SELECT @@global.relay_log_basename', [], DEADLINE)) ?? '');
  return access(dirname(base), constants.W_OK).then(
    () => base !== '',
    () => false,
  );
}
