import { type Mysql } from '../mysql/mysql';

export interface ServerFacts {
  readonly gtidExecuted: string;
  /** `9.7.4`, without what a distributor adds. */
  readonly version: string;
  readonly uuid: string;
  /** Variables that data depends on, as an option file has them. */
  readonly settings: Readonly<Record<string, string>>;
}

const SETTINGS = ['lower_case_table_names', 'innodb_page_size', 'character_set_server', 'collation_server'];

export async function serverFacts(server: Mysql): Promise<ServerFacts> {
  const [facts] = await server.rows<{ gtid: string; version: string; uuid: string }>(
    'SELECT @@global.gtid_executed AS gtid, VERSION() AS version, @@server_uuid AS uuid',
  );
  const rows = await server.rows<{ Variable_name: string; Value: string }>(
    'SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)',
    [SETTINGS],
  );
  const { gtid = '', version = '', uuid = '' } = facts ?? {};
  return {
    ...{ gtidExecuted: gtid.replaceAll('\n', ''), version: version.split('-')[0] ?? version, uuid },
    settings: Object.fromEntries(rows.map(({ Variable_name, Value }) => [Variable_name.replaceAll('_', '-'), Value])),
  };
}
