import { type InstanceFacts } from '../../workflows/decisions/facts';
import { type ChannelSettings, type ServerSettings } from '../../workflows/decisions/upgrade/facts';
import { releaseNumber } from '../../workflows/decisions/upgrade/releases';
import { type CallOptions, type Mysql } from '../mysql/mysql';

const WITHIN: CallOptions = { deadlineMs: 10_000 };

/**
 * All settings of one server, who has set them, its plugins and channels. Read only.
 * Source: MySQL manual, "The variables_info Table", "The persisted_variables Table", "The replication_connection_configuration Table".
 */
export async function readSettings(server: Mysql, facts: InstanceFacts): Promise<ServerSettings> {
  const { name, version, release, detail } = facts;
  const old = release === '5.7';
  const [variables, sources, persisted, plugins, channels] = await Promise.all([
    server.rows<{ Variable_name: string; Value: string }>('SHOW GLOBAL VARIABLES', [], WITHIN),
    old
      ? null
      : pairs(
          server,
          "SELECT VARIABLE_NAME AS name, VARIABLE_SOURCE AS value FROM performance_schema.variables_info WHERE VARIABLE_SOURCE <> 'COMPILED'",
        ),
    old
      ? {}
      : pairs(
          server,
          'SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM performance_schema.persisted_variables',
        ),
    server.rows<{ name: string; library: string | null }>(
      "SELECT PLUGIN_NAME AS name, PLUGIN_LIBRARY AS library FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE'",
      [],
      WITHIN,
    ),
    readChannels(server, version),
  ]);
  return {
    name,
    version,
    release,
    variables: Object.fromEntries(variables.map((row) => [row.Variable_name.toLowerCase(), row.Value])),
    sources,
    persisted,
    plugins,
    preparedXa: detail?.preparedXa.length ?? 0,
    channels,
  };
}

async function pairs(server: Mysql, select: string): Promise<Record<string, string>> {
  const rows = await server.rows<{ name: string; value: string }>(select, [], WITHIN);
  return Object.fromEntries(rows.map(({ name, value }) => [name.toLowerCase(), value]));
}

interface ChannelRow {
  readonly name: string;
  readonly user: string;
  readonly sourceHost: string;
  readonly sourcePort: number;
  readonly tls: string;
  readonly publicKey: string;
  readonly autoPosition: string;
}

async function readChannels(server: Mysql, version: string): Promise<ChannelSettings[]> {
  // The columns came with caching_sha2_password, in 8.0.4.
  const key =
    releaseNumber(version) >= 80_004 ? "IF(GET_PUBLIC_KEY = 'YES' OR PUBLIC_KEY_PATH <> '', 'YES', 'NO')" : "'NO'";
  const rows = await server.rows<ChannelRow>(
    `SELECT CHANNEL_NAME AS name, USER AS user, HOST AS sourceHost, PORT AS sourcePort, SSL_ALLOWED AS tls, ${key} AS publicKey,
            AUTO_POSITION AS autoPosition
       FROM performance_schema.replication_connection_configuration WHERE HOST <> ''`,
    [],
    WITHIN,
  );
  return rows.map(({ tls, publicKey, autoPosition, ...rest }) => ({
    ...rest,
    ssl: tls === 'YES',
    publicKey: publicKey === 'YES',
    autoPosition: autoPosition === '1',
  }));
}
