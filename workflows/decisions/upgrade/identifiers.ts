import { RESERVED_WORDS } from './data/reserved-words';
import { type TableFacts } from './facts';
import { type Found, meets, type Rule, type Upgrade, whenMeeting } from './finding';
import { releaseNumber } from './releases';
import { place, quoted } from './sql-text';

const RESERVED = new Map(RESERVED_WORDS.map((one) => [one.word, one]));

/** Names of the data dictionary that 8.0 keeps in the schema mysql. Source: MySQL 8.0 manual, "Preparing Your Installation for Upgrade". */
export const DICTIONARY_TABLES: readonly string[] =
  'catalogs character_sets check_constraints collations column_statistics column_type_elements columns component dd_properties default_roles events foreign_key_column_usage foreign_keys global_grants index_column_usage index_partitions index_stats indexes innodb_ddl_log innodb_dynamic_metadata parameter_type_elements parameters password_history resource_groups role_edges routines schemata st_spatial_reference_systems table_partition_values table_partitions table_stats tables tablespace_files tablespaces triggers view_routine_usage view_table_usage'.split(
    ' ',
  );

type Told = Omit<Found, 'step'>;

/** Names that work only in quotes from some release on. */
export const reservedNames: Rule = (upgrade) => {
  const { schemas, tables, columns, programs, version } = upgrade.schema;
  const renames = releaseNumber(version) >= 80_000;
  return [
    ...schemas.flatMap(({ name }) => reserved(upgrade, name, `schema ${name}`, [])),
    ...tables.flatMap(({ schema, table, view }) =>
      reserved(upgrade, table, `${view ? 'view' : 'table'} ${schema}.${table}`, [
        `RENAME TABLE ${place(schema, table)} TO ${place(schema, `${table}_`)};`,
      ]),
    ),
    ...columns
      .filter(({ view }) => !view)
      .flatMap(({ schema, table, column }) => {
        const rename = `ALTER TABLE ${place(schema, table)} RENAME COLUMN ${quoted(column)} TO ${quoted(`${column}_`)};`;
        return reserved(upgrade, column, `column ${schema}.${table}.${column}`, [
          renames ? rename : `-- once it runs 8.0: ${rename}`,
        ]);
      }),
    ...programs
      .filter(({ kind }) => kind !== 'VIEW')
      .flatMap(({ kind, schema, name }) => reserved(upgrade, name, `${kind.toLowerCase()} ${schema}.${name}`, [])),
  ];
};

function reserved(upgrade: Upgrade, name: string, where: string, rename: readonly string[]): Found[] {
  const word = RESERVED.get(name.toUpperCase());
  const step = word ? meets(upgrade, word.since, word.until) : null;
  if (step === null) return [];
  return [
    {
      check: 'reserved-word',
      severity: 'warning',
      step,
      where,
      why: `${name.toUpperCase()} is a reserved word there: a statement that does not quote the name fails`,
      cure: [
        `-- write ${quoted(name)} in every statement${rename.length > 0 ? '; or rename it, and in every statement too:' : ''}`,
        ...rename,
      ],
    },
  ];
}

export const oldNames = whenMeeting(80_000, ({ schema: { tables, schemas } }) => [
  ...schemas
    .filter(({ name }) => name.startsWith(OLD))
    .map(({ name }): Told => ({
      check: 'old-name',
      severity: 'error',
      where: `schema ${name}`,
      why: WHY_OLD,
      cure: [`ALTER DATABASE ${quoted(name)} UPGRADE DATA DIRECTORY NAME;`],
    })),
  ...tables
    .filter(({ table }) => table.startsWith(OLD))
    .map(({ schema, table }): Told => ({
      check: 'old-name',
      severity: 'error',
      where: `table ${schema}.${table}`,
      why: WHY_OLD,
      cure: [`RENAME TABLE ${place(schema, table)} TO ${place(schema, table.slice(OLD.length))};`],
    })),
]);

const OLD = '#mysql50#';
const WHY_OLD = 'its file is named as servers before 5.1 named it, and a newer server does not find it';

/** Source: MySQL 8.0 manual, "Schema Object Names" (deprecated since 8.0.32). */
export const dollarNames = whenMeeting(80_032, ({ schema: { tables, columns } }) => [
  ...tables
    .filter(({ table }) => /^\$.*[^$]$/.test(table))
    .map(({ schema, table, view }): Told => ({
      ...DOLLAR,
      where: `${view ? 'view' : 'table'} ${schema}.${table}`,
      cure: [`RENAME TABLE ${place(schema, table)} TO ${place(schema, table.slice(1))};`],
    })),
  ...columns
    .filter(({ column }) => /^\$.*[^$]$/.test(column))
    .map(({ schema, table, column }): Told => ({
      ...DOLLAR,
      where: `column ${schema}.${table}.${column}`,
      cure: [`-- write ${quoted(column)} in every statement, or rename it`],
    })),
]);

const DOLLAR = {
  check: 'dollar-name',
  severity: 'warning',
  why: 'an unquoted name that begins with a dollar sign warns now and will not parse later',
} as const;

export const upperCaseNames = whenMeeting(80_000, ({ schema: { tables, schemas, lowerCaseTableNames } }) => {
  if (lowerCaseTableNames !== 1) return [];
  const told = (where: string, rename: readonly string[]): Told => ({
    check: 'upper-case-name',
    severity: 'error',
    where,
    why: 'with lower_case_table_names = 1 the new server refuses to take over a name with upper-case letters',
    cure: ['-- start the old server once with lower_case_table_names = 0, then:', ...rename],
  });
  return [
    ...schemas
      .filter(({ name }) => name !== name.toLowerCase())
      .map(({ name }) => told(`schema ${name}`, ['-- dump the schema, and load it under its name in lower case'])),
    ...tables
      .filter(({ table }) => table !== table.toLowerCase())
      .map(({ schema, table }) =>
        told(`table ${schema}.${table}`, [
          `RENAME TABLE ${place(schema, table)} TO ${place(schema, table.toLowerCase())};`,
        ]),
      ),
  ];
});

export const systemTableNames = whenMeeting(80_000, ({ schema: { tables } }) =>
  tables.filter(isDictionaryName).map(({ schema, table }) => ({
    check: 'system-table-name',
    severity: 'error',
    where: `table ${schema}.${table}`,
    why: 'the data dictionary of the new server has a table of that name, so the upgrade fails',
    cure: [`RENAME TABLE ${place(schema, table)} TO ${place(schema, `own_${table}`)};`],
  })),
);

const isDictionaryName = ({ schema, table }: TableFacts): boolean =>
  schema.toLowerCase() === 'mysql' && DICTIONARY_TABLES.includes(table.toLowerCase());

export const longNames = whenMeeting(80_000, ({ schema: { columns } }) =>
  columns
    .filter(({ view, column }) => view && Array.from(column).length > 64)
    .map(({ schema, table, column }) => ({
      check: 'long-name',
      severity: 'error',
      where: `column ${schema}.${table}.${column}`,
      why: 'a column of a view may have 64 characters at most, so the upgrade fails',
      cure: [`-- give it a shorter name: SHOW CREATE VIEW ${place(schema, table)}; then CREATE OR REPLACE VIEW`],
    })),
);
