import { text } from 'node:stream/consumers';
import { type Cluster } from '../../workflows/decisions/cluster';
import {
  type CopyFacts,
  type ProvisionSurvey,
  type Tool,
  type Unread,
} from '../../workflows/decisions/provision/facts';
import { type Deps, knownInstance, serverAsBackup, words } from '../deps';
import { hostOf } from '../hosts/control';
import { type Mysql } from '../mysql/mysql';
import { runProgram } from '../programs/run';
import { programNamed } from '../programs/through';
import { previewCluster } from '../switchover/prepare';

/** Large fleets of tables take their time to be listed. */
const DEADLINE = { deadlineMs: 20_000 };

const VARIABLES = [
  ...['version', 'version_compile_os', 'version_compile_machine', 'innodb_page_size', 'innodb_data_file_path'],
  ...['character_set_server', 'collation_server', 'lower_case_table_names', 'max_allowed_packet', 'datadir'],
];
export const SYSTEM_SCHEMAS = ['mysql', 'sys', 'information_schema', 'performance_schema'];

const TOOLS: readonly Tool[] = ['mysqldump', 'mysql'];

/** All that decides whether, from whom and how one instance is filled. Changes nothing; a server that cannot be looked at is named. */
export async function surveyProvision(deps: Deps, cluster: string): Promise<ProvisionSurvey> {
  const preview = await previewCluster(deps, cluster);
  const { snapshot, routers } = preview;
  const readable = snapshot.members.filter((member) => member.readable);
  const [copies, tools] = await Promise.all([
    Promise.all(readable.map(({ name }) => copyFacts(deps, preview.cluster, name))),
    Promise.all(TOOLS.map(async (tool) => ((await isInstalled(tool)) ? [tool] : []))),
  ]);
  return { cluster: preview.cluster, snapshot, routers, copies, tools: tools.flat() };
}

async function isInstalled(tool: Tool): Promise<boolean> {
  const { how, code } = await runProgram([programNamed(tool), '--version'], { deadlineMs: 10_000 });
  return how === 'exit' && code === 0;
}

async function copyFacts(deps: Deps, cluster: Cluster, name: string): Promise<CopyFacts | Unread> {
  try {
    const server = serverAsBackup(deps, cluster, name);
    const variables = await variablesOf(server);
    const [bytes, plugins, schemas, nonInnodb, grants, freeBytes] = await Promise.all([
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
      freeOn(deps, cluster, name, variables['datadir'] ?? ''),
    ]);
    return { name, bytes, variables, plugins, schemas, nonInnodb, grants, freeBytes };
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

const sizeOf = async (server: Mysql): Promise<number | null> => {
  const size = await server
    .value('SELECT CAST(SUM(FILE_SIZE) AS DOUBLE) FROM information_schema.INNODB_TABLESPACES', [], DEADLINE)
    .catch(() => null);
  return size === null || size === undefined ? null : Number(size);
};

/** Our own schema has no data of anybody's, and stands on a server that was only made ready. */
const userSchemas = (server: Mysql, ours: string): Promise<string[]> =>
  column(server, 'SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (?)', [
    [...SYSTEM_SCHEMAS, ours],
  ]);

/** Where programs can be run on its host. */
async function freeOn(deps: Deps, cluster: Cluster, name: string, folder: string): Promise<number | null> {
  const open = hostOf(cluster, knownInstance(cluster, name))?.open;
  if (!open || folder === '') return null;
  const running = open(['df', '-B1', '--output=avail', folder]);
  const timer = setTimeout(() => running.end(), DEADLINE.deadlineMs);
  try {
    const free = Number((await text(running.output)).trim().split('\n').at(-1));
    return Number.isFinite(free) && (await running.ended).code === 0 ? free : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
