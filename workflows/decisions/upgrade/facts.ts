import { type Release } from '../facts';

/** What one server says of itself; every member is asked. */
export interface ServerSettings {
  readonly name: string;
  /** As the server prints it: `8.0.34`. */
  readonly version: string;
  readonly release: Release;
  /** All global variables, lower-case names. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * Where a value came from (`GLOBAL`, `PERSISTED`, `DYNAMIC` …), for those that are not as compiled.
   * Null where the server does not tell (5.7): there a value that is not the default was set by somebody.
   */
  readonly sources: Readonly<Record<string, string>> | null;
  readonly persisted: Readonly<Record<string, string>>;
  /** Active ones. `library` is null for what is built in. */
  readonly plugins: readonly { readonly name: string; readonly library: string | null }[];
  readonly preparedXa: number;
  readonly channels: readonly ChannelSettings[];
}

export interface ChannelSettings {
  readonly name: string;
  readonly user: string;
  readonly sourceHost: string;
  readonly sourcePort: number;
  readonly ssl: boolean;
  /** GET_SOURCE_PUBLIC_KEY, or a file with the key. */
  readonly publicKey: boolean;
  readonly autoPosition: boolean;
}

/** What is in the data and replicates: read on one member. Lists hold only what some rule may have a word to say about. */
export interface SchemaFacts {
  /** Inventory name of the member that it was read on. */
  readonly readOn: string;
  readonly version: string;
  readonly lowerCaseTableNames: number;
  readonly accounts: readonly AccountFacts[];
  /** Dynamic privileges that a later release does not know any more. */
  readonly privileges: readonly { readonly account: string; readonly privilege: string }[];
  /** Programs that were connected while we looked, by their own words. */
  readonly clients: readonly ClientFacts[];
  readonly schemas: readonly { readonly name: string; readonly charset: string }[];
  readonly tables: readonly TableFacts[];
  readonly columns: readonly ColumnFacts[];
  /** Tables with columns of three-byte UTF-8, and how many. */
  readonly utf8mb3: readonly (TablePlace & { readonly columns: number })[];
  readonly indexes: readonly IndexFacts[];
  readonly foreignKeys: readonly ForeignKeyFacts[];
  readonly partitions: readonly PartitionFacts[];
  readonly programs: readonly ProgramFacts[];
  /** Normalised statements that the server remembers (performance_schema): no literals, newest first. */
  readonly statements: readonly StatementFacts[];
  /** Names that InnoDB's own dictionary has and no table definition (5.7), and the other way about. */
  readonly leftovers: readonly LeftoverFacts[];
  /** Paths of general tablespaces that lead through `..`. */
  readonly oddPaths: readonly { readonly tablespace: string; readonly path: string }[];
  readonly zeroDates: readonly ZeroDateFacts[];
  /** What CHECK TABLE … FOR UPGRADE said; empty unless a deep look was asked for. */
  readonly tableChecks: readonly (TablePlace & { readonly said: string; readonly bad: boolean })[];
  /** Parts that could not be read whole, with the reason: what is not seen cannot be judged. */
  readonly notRead: readonly { readonly part: string; readonly because: string }[];
  /** Privileges that our account lacks to see everything. */
  readonly blind: readonly string[];
  /** Our account as GRANT names it. */
  readonly us: string;
  readonly deep: boolean;
}

export interface TablePlace {
  readonly schema: string;
  readonly table: string;
}

export interface AccountFacts {
  readonly user: string;
  readonly host: string;
  /** Of the first factor; further factors follow it. */
  readonly plugins: readonly string[];
  readonly locked: boolean;
}

export interface ClientFacts {
  readonly user: string;
  /** `_client_name`: libmysql, mysql-connector-java, mysqlnd … */
  readonly library: string;
  readonly version: string;
  /** `program_name`; '' when it has none. */
  readonly program: string;
}

export interface TableFacts extends TablePlace {
  readonly view: boolean;
  readonly engine: string;
  readonly collation: string;
  readonly partitioned: boolean;
}

export interface ColumnFacts extends TablePlace {
  readonly column: string;
  readonly view: boolean;
  readonly type: string;
  readonly dataType: string;
  readonly nullable: boolean;
  readonly defaultValue: string | null;
  readonly extra: string;
  readonly generation: string;
  /** Characters of the longest value. */
  readonly length: number;
  /** '' for what is no text. */
  readonly collation: string;
  readonly comment: string;
  readonly indexed: boolean;
}

export interface IndexFacts extends TablePlace {
  readonly index: string;
  readonly column: string;
  /** `too large`: more than 767 bytes in a row format that has room for no more. `prefix`: in a table partitioned by KEY. */
  readonly kind: 'too large' | 'prefix';
}

export interface ForeignKeyFacts extends TablePlace {
  readonly name: string;
  /** `long`: more than 64 characters. `no unique key`: the parent has none. `engine`: the parent is not InnoDB. */
  readonly kind: 'long' | 'no unique key' | 'engine';
  readonly parent: TablePlace;
  readonly parentColumns: readonly string[];
}

export interface PartitionFacts extends TablePlace {
  readonly partition: string;
  readonly tablespace: string;
  /** As in VALUES LESS THAN: `'2018/01/01'`. */
  readonly bound: string;
  readonly temporal: boolean;
}

export type ProgramKind = 'VIEW' | 'PROCEDURE' | 'FUNCTION' | 'TRIGGER' | 'EVENT';

export interface ProgramFacts {
  readonly kind: ProgramKind;
  readonly schema: string;
  readonly name: string;
  readonly body: string;
  readonly sqlMode: string;
  /** What SHOW CREATE prints; '' when nobody asked for it. */
  readonly create: string;
}

export interface StatementFacts {
  readonly schema: string;
  readonly text: string;
  readonly count: number;
}

export interface LeftoverFacts extends TablePlace {
  readonly kind: 'no definition' | 'two engines';
  readonly engine: string;
}

export interface ZeroDateFacts extends TablePlace {
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly found: 'default' | 'rows';
  /** '0000-00-00', or a date with a month or day of zero. */
  readonly partly: boolean;
}
