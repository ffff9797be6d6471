import { type Cluster } from '../../../workflows/decisions/cluster';
import { type Release } from '../../../workflows/decisions/facts';
import { judgeUpgrade, type Precheck, upgradePath } from '../../../workflows/decisions/upgrade';
import {
  type ChannelSettings,
  type ColumnFacts,
  type ProgramFacts,
  type SchemaFacts,
  type ServerSettings,
} from '../../../workflows/decisions/upgrade/facts';
import { type OfficialAnswer } from '../../../workflows/decisions/upgrade/official';
import { clusterOf } from '../members';

/** A server and data that nothing is wrong with: a test names only what its gotcha changes. */
export const settingsOf = (version: string, change: Partial<ServerSettings> = {}): ServerSettings => ({
  name: 'db1',
  version,
  release: version.split('.').slice(0, 2).join('.') as Release,
  variables: {},
  sources: version.startsWith('5.7') ? null : {},
  persisted: {},
  plugins: [],
  preparedXa: 0,
  channels: [],
  ...change,
});

export const schemaOf = (version: string, change: Partial<SchemaFacts> = {}): SchemaFacts => ({
  readOn: 'db1',
  version,
  lowerCaseTableNames: 0,
  accounts: [],
  privileges: [],
  clients: [],
  schemas: [],
  tables: [],
  columns: [],
  utf8mb3: [],
  indexes: [],
  foreignKeys: [],
  partitions: [],
  programs: [],
  statements: [],
  leftovers: [],
  oddPaths: [],
  zeroDates: [],
  tableChecks: [],
  notRead: [],
  blind: [],
  us: "'runbooks'@'%'",
  deep: false,
  ...change,
});

export const columnOf = (change: Partial<ColumnFacts>): ColumnFacts => ({
  schema: 'shop',
  table: 't',
  column: 'c',
  view: false,
  type: 'int(11)',
  dataType: 'int',
  nullable: true,
  defaultValue: null,
  extra: '',
  generation: '',
  length: 0,
  collation: '',
  comment: '',
  indexed: false,
  ...change,
});

export const programOf = (change: Partial<ProgramFacts>): ProgramFacts => ({
  kind: 'PROCEDURE',
  schema: 'shop',
  name: 'p',
  body: '',
  sqlMode: 'STRICT_TRANS_TABLES',
  create: '',
  ...change,
});

export const channelOf = (change: Partial<ChannelSettings> = {}): ChannelSettings => ({
  name: '',
  user: 'repl',
  sourceHost: '10.0.0.1',
  sourcePort: 3301,
  ssl: true,
  publicKey: false,
  autoPosition: true,
  ...change,
});

export interface Case {
  readonly from?: string;
  readonly to?: Release;
  readonly inOneStep?: string;
  readonly server?: Partial<ServerSettings>;
  readonly others?: readonly ServerSettings[];
  readonly schema?: Partial<SchemaFacts>;
  readonly cluster?: Partial<Cluster>;
  readonly official?: OfficialAnswer;
}

export function judged({
  from = '5.7.44',
  to = '9.7',
  inOneStep,
  server,
  others = [],
  schema,
  cluster,
  official,
}: Case): Precheck {
  const own = settingsOf(from, server);
  const verdict = upgradePath(own.release, to, inOneStep ?? null);
  if (!verdict.possible) throw new Error(verdict.because);
  return judgeUpgrade(
    clusterOf(['db1', 'db2'], cluster),
    verdict.path,
    [own, ...others],
    schemaOf(from, schema),
    official ?? { asked: false, because: 'mysqlsh is not installed here' },
  );
}
