import { type ColumnFacts, type ZeroDateFacts } from './facts';
import { firstStep, type Found, meets, type Rule, whenMeeting } from './finding';
import { literal, place, quoted } from './sql-text';
import { scanText } from './text-scan';

type Told = Omit<Found, 'step'>;

const whereOf = ({ schema, table, column }: Pick<ColumnFacts, 'schema' | 'table' | 'column'>): string =>
  `column ${schema}.${table}.${column}`;

/** MODIFY takes the whole definition: what is left out is lost. */
function modify(
  column: ColumnFacts,
  type: string,
  { autoIncrement = false }: { autoIncrement?: boolean } = {},
): string {
  const charset = column.collation === '' || !/char|text|enum|set/i.test(type) ? '' : ` COLLATE ${column.collation}`;
  const given = column.defaultValue === null || autoIncrement ? '' : ` DEFAULT ${literal(column.defaultValue)}`;
  const comment = column.comment === '' ? '' : ` COMMENT ${literal(column.comment)}`;
  const nulls = column.nullable ? ' NULL' : ' NOT NULL';
  const counts = autoIncrement ? ' AUTO_INCREMENT' : '';
  const { schema, table } = column;
  return `ALTER TABLE ${place(schema, table)} MODIFY ${quoted(column.column)} ${type}${charset}${nulls}${given}${counts}${comment};`;
}

const tables = (columns: readonly ColumnFacts[]): ColumnFacts[] => columns.filter(({ view }) => !view);
const isFloat = ({ dataType }: ColumnFacts): boolean => /^(float|double)$/i.test(dataType);

export const floatAutoIncrement = whenMeeting(80_400, ({ schema: { columns } }) =>
  tables(columns)
    .filter((column) => isFloat(column) && /auto_increment/i.test(column.extra))
    .map((column): Told => ({
      check: 'float-auto-increment',
      severity: 'error',
      where: whereOf(column),
      why: 'AUTO_INCREMENT is refused on FLOAT and DOUBLE: the table cannot be taken over, and a dump of it not loaded',
      cure: [modify(column, 'BIGINT', { autoIncrement: true })],
    })),
);

/** Source: MySQL 8.0 manual, "Numeric Type Attributes" (deprecated since 8.0.17). */
export const numericAttributes = whenMeeting(80_017, ({ schema: { columns } }) =>
  tables(columns).flatMap((column): Told[] => {
    const { type } = column;
    const digits = isFloat(column) && /\(\d+,\d+\)/.test(type);
    const zerofill = /zerofill/i.test(type);
    const unsigned = /unsigned/i.test(type) && !zerofill && /^(float|double|decimal)/i.test(type);
    if (!digits && !zerofill && !unsigned) return [];
    const plain = type
      .replace(/ zerofill/i, '')
      .replace(/^(float|double)\(\d+,\d+\)/i, '$1')
      .replace(/^((?:tiny|small|medium|big)?int)\(\d+\)/i, '$1')
      .replace(/^(float|double|decimal)(.*) unsigned/i, '$1$2');
    const what = [
      digits && 'a number of digits on a floating column',
      zerofill && 'ZEROFILL',
      unsigned && 'UNSIGNED on a column that is no integer',
    ];
    const counts = /auto_increment/i.test(column.extra);
    return [
      {
        check: 'numeric-attribute',
        severity: 'notice',
        where: `${whereOf(column)} ${type}`,
        why: `${what.filter(Boolean).join(' and ')} is deprecated${unsigned ? '; negative values are then to be kept out by the application or a CHECK' : ''}`,
        cure: [modify(column, plain, { autoIncrement: counts })],
      },
    ];
  }),
);

export const enumLength = whenMeeting(80_000, ({ schema: { columns } }) =>
  tables(columns)
    .filter(
      ({ dataType, type }) =>
        /^(enum|set)$/i.test(dataType) && elementsOf(type).some((one) => Array.from(one).length > 255),
    )
    .map((column): Told => ({
      check: 'enum-length',
      severity: 'error',
      where: whereOf(column),
      why: 'an element of an ENUM or SET may have 255 characters at most, so the upgrade fails',
      cure: [modify(column, `VARCHAR(${column.length})`)],
    })),
);

const elementsOf = (type: string): string[] =>
  [...type.matchAll(/'((?:[^']|'')*)'/g)].map(([, element = '']) => element.replaceAll("''", "'"));

export const oldTemporal = whenMeeting(80_000, ({ schema: { columns } }) =>
  tables(columns)
    .filter(({ type }) => type.includes('5.5 binary format'))
    .map((column): Told => ({
      check: 'old-temporal',
      severity: 'error',
      where: whereOf(column),
      why: 'it is stored as 5.5 did, which the new server does not read: the upgrade fails',
      cure: [`ALTER TABLE ${place(column.schema, column.table)} FORCE;`],
    })),
);

export const blobDefault = whenMeeting(80_000, ({ schema: { columns } }) =>
  tables(columns)
    .filter(
      ({ dataType, defaultValue }) =>
        defaultValue !== null && /blob$|text$|^json$|^geom|^point|^multi|polygon$|linestring$/i.test(dataType),
    )
    .map((column): Told => ({
      check: 'blob-default',
      severity: 'error',
      where: whereOf(column),
      why: 'a column of this type has no literal default: the table cannot be taken over',
      cure: [`ALTER TABLE ${place(column.schema, column.table)} ALTER COLUMN ${quoted(column.column)} DROP DEFAULT;`],
    })),
);

/** CAST and CONVERT became stricter in 8.0.28; a function that is gone, or became a loadable one, may not stand in a generated column at all. */
export const generatedColumns: Rule = (upgrade) =>
  tables(upgrade.schema.columns)
    .filter(({ generation }) => generation !== '')
    .flatMap((column): Found[] => {
      const gone = scanText(column.generation, 0).filter(({ trouble }) => trouble === 'function');
      const fatal = gone.flatMap(({ what, since, advice }) => {
        const step = meets(upgrade, since);
        return step === null ? [] : [{ what, advice, step }];
      });
      const again = `ALTER TABLE ${place(column.schema, column.table)} MODIFY ${quoted(column.column)} ${column.type} GENERATED ALWAYS AS (…)`;
      const [first] = fatal;
      if (first)
        return [
          {
            check: 'removed-function',
            severity: 'error',
            step: first.step,
            where: whereOf(column),
            why: `it is generated by ${first.what}, which is gone or a loadable function there, and those may not generate a column`,
            cure: [`-- ${again} with another function, or fill the column by the application`],
          },
        ];
      const step = meets(upgrade, 80_028);
      if (step === null || !column.indexed || !/\b(cast|convert)\s*\(/i.test(column.generation)) return [];
      return [
        {
          check: 'generated-cast',
          severity: 'warning',
          step,
          where: whereOf(column),
          why: 'CAST and CONVERT give other results for some values since 8.0.28, and the index holds the old ones',
          cure: [`-- after the upgrade: ALTER TABLE ${place(column.schema, column.table)} FORCE`],
        },
      ];
    });

const GEOMETRY = /^(geometry|point|linestring|polygon|multi\w+|geomcollection|geometrycollection)$/i;

/** An index on a geometry is a spatial one. */
export const spatialIndexes = whenMeeting(80_000, ({ schema: { columns } }) =>
  tables(columns)
    .filter(({ dataType, indexed }) => indexed && GEOMETRY.test(dataType))
    .map((column): Told => ({
      check: 'spatial-srid',
      severity: 'warning',
      where: whereOf(column),
      why: 'the optimizer uses a spatial index only where the column has an SRID; and functions compute on a sphere where the values have one that says so',
      cure: [
        `-- once it runs 8.0: ALTER TABLE ${place(column.schema, column.table)} MODIFY ${quoted(column.column)} ${column.type} NOT NULL SRID 0`,
      ],
    })),
);

/** Servers with strict modes refuse them: ALTER TABLE fails at the first such row, also years later. */
export const zeroDates: Rule = (upgrade) =>
  upgrade.schema.zeroDates.map((found): Found => ({
    check: 'zero-date',
    severity: 'warning',
    step: firstStep(upgrade),
    where: `${whereOf(found)} ${found.type}`,
    why: `${found.found === 'default' ? 'its default is a zero date' : `${found.partly ? 'rows have a month or day of zero' : 'rows have a zero date'}${upgrade.schema.deep ? '' : ' (found in a sample)'}`}: NO_ZERO_DATE and NO_ZERO_IN_DATE, which are the default, refuse it in INSERT and ALTER TABLE`,
    cure: found.found === 'default' ? dropDefault(found) : replaceRows(found),
  }));

const dropDefault = ({ schema, table, column }: ZeroDateFacts): string[] => [
  "SET SESSION sql_mode = '';",
  `ALTER TABLE ${place(schema, table)} ALTER COLUMN ${quoted(column)} DROP DEFAULT;`,
];

function replaceRows({ schema, table, column, nullable }: ZeroDateFacts): string[] {
  const name = quoted(column);
  const value = nullable ? 'NULL' : "'1970-01-02'";
  const which = `MONTH(${name}) = 0 OR DAYOFMONTH(${name}) = 0`;
  return [
    ...(nullable ? [] : ['-- the column is NOT NULL: choose the date that stands for none']),
    "SET SESSION sql_mode = '';",
    `UPDATE ${place(schema, table)} SET ${name} = ${value} WHERE ${which};`,
  ];
}
