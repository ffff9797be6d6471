import { type PartitionFacts } from './facts';
import { type Found, firstStep, type Rule, whenMeeting } from './finding';
import { place, quoted } from './sql-text';

type Told = Omit<Found, 'step'>;

export const utf8mb3: Rule = (upgrade) => {
  const { schemas, utf8mb3: tables } = upgrade.schema;
  const rest = { check: 'utf8mb3', severity: 'warning', step: firstStep(upgrade) } as const;
  return [
    ...schemas
      .filter(({ charset }) => charset === 'utf8' || charset === 'utf8mb3')
      .map(({ name }): Found => ({
        ...rest,
        where: `schema ${name}`,
        why: 'new tables in it are made in three-byte UTF-8, which is deprecated and has no room for emoji',
        cure: [`ALTER DATABASE ${quoted(name)} CHARACTER SET utf8mb4;`],
      })),
    ...tables.map(({ schema, table, columns }): Found => ({
      ...rest,
      where: `table ${schema}.${table}`,
      why: `${columns} ${columns === 1 ? 'column is' : 'columns are'} in three-byte UTF-8, which is deprecated; joins with utf8mb4 columns convert, and may leave an index unused`,
      cure: [`ALTER TABLE ${place(schema, table)} CONVERT TO CHARACTER SET utf8mb4;`],
    })),
  ];
};

export const partitionEngines = whenMeeting(80_000, ({ schema: { tables } }) =>
  tables
    .filter(({ partitioned, engine }) => partitioned && !/^(innodb|ndb|ndbcluster)$/i.test(engine))
    .map(({ schema, table, engine }): Told => ({
      check: 'partition-engine',
      severity: 'error',
      where: `table ${schema}.${table} (${engine})`,
      why: 'only InnoDB and NDB have partitions: the upgrade fails',
      cure: [`ALTER TABLE ${place(schema, table)} ENGINE = InnoDB;`],
    })),
);

const FILE_PER_TABLE = 'innodb_file_per_table';

export const partitionTablespaces = whenMeeting(80_013, ({ schema: { partitions } }) => {
  const shared = partitions.filter(({ tablespace }) => tablespace !== '' && tablespace !== FILE_PER_TABLE);
  return perTable(shared).map(([first, names]): Told => {
    const table = place(first.schema, first.table);
    return {
      check: 'partition-tablespace',
      severity: 'error',
      where: `table ${first.schema}.${first.table}, partitions ${names.join(', ')}`,
      why: 'a partition may not stand in a shared tablespace: the upgrade fails',
      cure: [
        `-- SHOW CREATE TABLE ${table}; then, with its own partitions and TABLESPACE = ${FILE_PER_TABLE} in each:`,
        `-- ALTER TABLE ${table} PARTITION BY … (PARTITION … TABLESPACE = ${FILE_PER_TABLE}, …)`,
      ],
    };
  });
});

export const partitionBounds = whenMeeting(80_029, ({ schema: { partitions } }) => {
  const odd = partitions.filter(({ temporal, bound }) => temporal && bounds(bound).some((one) => !isPlain(one)));
  return odd.map((partition): Told => {
    const { schema, table, partition: name, bound } = partition;
    const plain = bounds(bound).map(plainBound).join(', ');
    return {
      check: 'partition-bound',
      severity: 'error',
      where: `table ${schema}.${table}, partition ${name}`,
      why: `its bound ${bound} has delimiters that are refused since 8.0.29: the table cannot be opened`,
      cure: [
        `ALTER TABLE ${place(schema, table)} REORGANIZE PARTITION ${quoted(name)} INTO (PARTITION ${quoted(name)} VALUES LESS THAN (${plain}));`,
        '-- a LIST partition wants VALUES IN in place of VALUES LESS THAN',
      ],
    };
  });
});

const bounds = (bound: string): string[] => bound.split(/,(?=')/);
const isPlain = (bound: string): boolean =>
  !bound.startsWith("'") || /^'\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?)?'$/.test(bound);

function plainBound(bound: string): string {
  const [year, month = '01', day = '01', ...time] = bound.match(/\d+/g) ?? [];
  if (!bound.startsWith("'") || year === undefined) return bound;
  const clock = time.length === 0 ? '' : ` ${time.map((part) => part.padStart(2, '0')).join(':')}`;
  return `'${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}${clock}'`;
}

export const partitionPrefixKeys = whenMeeting(80_400, ({ schema: { indexes } }) =>
  indexes
    .filter(({ kind }) => kind === 'prefix')
    .map(({ schema, table, column }): Told => ({
      check: 'partition-prefix-key',
      severity: 'error',
      where: `table ${schema}.${table}, column ${column}`,
      why: 'it is partitioned by a key of which only a prefix is indexed; older servers left the column out silently, newer ones refuse the table',
      cure: [
        `-- ALTER TABLE ${place(schema, table)} PARTITION BY KEY (…the columns that are indexed whole…) PARTITIONS …`,
      ],
    })),
);

export const largeIndexes = whenMeeting(80_000, ({ schema: { indexes } }) =>
  indexes
    .filter(({ kind }) => kind === 'too large')
    .map(({ schema, table, index, column }): Told => ({
      check: 'index-too-large',
      severity: 'error',
      where: `index ${schema}.${table}.${index} (${column})`,
      why: 'it has more than 767 bytes in a row format that has room for no more: the new server calls the table corrupt',
      cure: [`ALTER TABLE ${place(schema, table)} ROW_FORMAT = DYNAMIC;`],
    })),
);

export const leftovers = whenMeeting(80_000, ({ schema: { leftovers: found } }) =>
  found.map(({ schema, table, kind, engine }): Told =>
    kind === 'two engines'
      ? {
          check: 'two-engines',
          severity: 'error',
          where: `table ${schema}.${table}`,
          why: `InnoDB has a table of that name, and its definition says ${engine}: the upgrade fails`,
          cure: [
            `-- keep the rows (SELECT … INTO OUTFILE), then: DROP TABLE ${place(schema, table)}, and remove what InnoDB has left`,
          ],
        }
      : {
          check: 'orphan-table',
          severity: 'error',
          where: `table ${schema}.${table}`,
          why: 'InnoDB has it and there is no definition (.frm): the upgrade fails',
          cure: [
            `-- make a table of that name and structure elsewhere, copy its .frm into the folder of ${schema}, then: DROP TABLE ${place(schema, table)}`,
          ],
        },
  ),
);

/** DROP DATABASE removes also what stands in a schema that has lost its folder. */
export const orphanPrograms = whenMeeting(80_000, ({ schema: { programs, schemas } }) => {
  const known = new Set(schemas.map(({ name }) => name));
  return programs
    .filter(({ schema, kind }) => !known.has(schema) && kind !== 'VIEW' && !SYSTEM_SCHEMAS.includes(schema))
    .map(({ kind, schema, name }): Told => ({
      check: 'orphan-program',
      severity: 'error',
      where: `${kind.toLowerCase()} ${schema}.${name}`,
      why: `there is no schema ${schema}: the upgrade fails`,
      cure: [`CREATE DATABASE ${quoted(schema)};`, `DROP DATABASE ${quoted(schema)};`],
    }));
});

export const SYSTEM_SCHEMAS: readonly string[] = [
  'mysql',
  'sys',
  'information_schema',
  'performance_schema',
  'ndbinfo',
];

export const tablespacePaths = whenMeeting(80_017, ({ schema: { oddPaths } }) =>
  oddPaths.map(({ tablespace, path }): Told => ({
    check: 'tablespace-path',
    severity: 'error',
    where: `tablespace ${tablespace}`,
    why: `its file is reached through .. (${path}), which newer servers refuse`,
    cure: [
      '-- make a tablespace by a plain path, ALTER TABLE … TABLESPACE for each of its tables, then DROP TABLESPACE',
    ],
  })),
);

export const tableChecks: Rule = (upgrade) =>
  upgrade.schema.tableChecks.map(({ schema, table, said, bad }): Found => ({
    check: 'check-table',
    severity: bad ? 'error' : 'warning',
    step: firstStep(upgrade),
    where: `table ${schema}.${table}`,
    why: `CHECK TABLE … FOR UPGRADE says: ${said}`,
    cure: [`ALTER TABLE ${place(schema, table)} FORCE;`],
  }));

export const foreignKeys: Rule = (upgrade) => [
  ...longForeignKeys(upgrade),
  ...foreignKeyParents(upgrade),
  ...foreignKeyEngines(upgrade),
];

/** InnoDB names a key after its table, and renames it with the table: RENAME to a long name can make a name that is too long. */
const longForeignKeys = whenMeeting(80_000, ({ schema }) =>
  schema.foreignKeys
    .filter(({ kind }) => kind === 'long')
    .map(({ schema: owner, table, name }): Told => ({
      check: 'foreign-key-name',
      severity: 'error',
      where: `foreign key ${name} of ${owner}.${table}`,
      why: 'it has more than 64 characters, so the upgrade fails',
      cure: [
        '-- the key is named after its table: a shorter one makes it shorter, and must be told to the applications',
        `RENAME TABLE ${place(owner, table)} TO ${place(owner, Array.from(table).slice(0, 54).join(''))};`,
      ],
    })),
);

const foreignKeyParents = whenMeeting(80_400, ({ schema }) =>
  schema.foreignKeys
    .filter(({ kind }) => kind === 'no unique key')
    .map(({ schema: owner, table, name, parent, parentColumns }): Told => ({
      check: 'foreign-key-parent',
      severity: 'warning',
      where: `foreign key ${name} of ${owner}.${table}`,
      why: `it refers to ${parent.schema}.${parent.table} (${parentColumns.join(', ')}), which has no unique key on just these columns: new servers refuse to make such a key, also when a dump is loaded (restrict_fk_on_non_standard_key)`,
      cure: [
        '-- fails where there are duplicates: then the key never meant what it said',
        `ALTER TABLE ${place(parent.schema, parent.table)} ADD UNIQUE KEY (${parentColumns.map(quoted).join(', ')});`,
      ],
    })),
);

const foreignKeyEngines = whenMeeting(80_000, ({ schema }) =>
  schema.foreignKeys
    .filter(({ kind }) => kind === 'engine')
    .map(({ schema: owner, table, name, parent }): Told => ({
      check: 'foreign-key-engine',
      severity: 'error',
      where: `foreign key ${name} of ${owner}.${table}`,
      why: `it refers to ${parent.schema}.${parent.table}, which is not InnoDB: the upgrade fails`,
      cure: [`ALTER TABLE ${place(parent.schema, parent.table)} ENGINE = InnoDB;`],
    })),
);

function perTable(partitions: readonly PartitionFacts[]): [PartitionFacts, string[]][] {
  const found = new Map<string, [PartitionFacts, string[]]>();
  for (const partition of partitions) {
    const key = place(partition.schema, partition.table);
    const known = found.get(key);
    if (known) known[1].push(partition.partition);
    else found.set(key, [partition, [partition.partition]]);
  }
  return [...found.values()];
}
