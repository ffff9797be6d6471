import { z } from 'zod';
import { cluster, gtidSet, moment, whoAndWhy } from './inputs';

const oneGtid = z
  .string()
  .regex(
    /^[0-9a-f-]{36}(:[a-z_][a-z0-9_]*)?:[1-9][0-9]*$/i,
    'expected one transaction, as 3e11fa47-71ca-11e1-9e33-c80aa9429562:23',
  );

const tableName = z.string().regex(/^[^.]+\.[^.]+$/, 'expected schema.table, for example "shop.orders"');

export const restoreOrder = z
  .strictObject({
    cluster,
    to: oneGtid.optional().describe('Up to and with this transaction'),
    before: oneGtid.optional().describe('Up to just before this transaction'),
    at: moment('at').optional().describe('Up to the last commit before this moment'),
    gtids: gtidSet.optional().describe('Exactly these transactions'),
    without: gtidSet.optional().describe('Everything that is archived but these; by approval'),
    tables: z.array(tableName).readonly().default([]).describe('Only these, as schema.table'),
    where: z
      .string()
      .min(1)
      .max(2000)
      .optional()
      .describe('Only these rows of the one table: the condition of a WHERE'),
    into: z
      .enum(['instance', 'file', 'cluster'])
      .default('instance')
      .describe('A new server that is left running; dump files of tables; or tables into the cluster, by approval'),
    backup: z
      .string()
      .min(1)
      .optional()
      .describe('Id of the backup to begin with; default the newest before the target, or a delayed replica'),
    ...whoAndWhy,
    dryRun: z.boolean().default(false).describe('Only show the target and the way to it'),
  })
  .refine(
    ({ to, before, at, gtids, without }) =>
      [to, before, at, gtids, without].filter((one) => one !== undefined).length === 1,
    {
      message: 'expected exactly one of "to", "before", "at", "gtids", "without"',
    },
  )
  .refine(({ into, tables }) => into === 'instance' || tables.length > 0, {
    path: ['tables'],
    message: 'expected the tables to bring back, for example ["shop.orders"]',
  })
  .refine(({ where, into, tables }) => where === undefined || (into !== 'instance' && tables.length === 1), {
    path: ['where'],
    message: 'expected one table in "tables", and "into":"file" or "into":"cluster"',
  });
export type RestoreOrder = z.output<typeof restoreOrder>;
