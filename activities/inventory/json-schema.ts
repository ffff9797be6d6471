import { z } from 'zod';
import { inventorySchema } from './schema';

/** The inventory's JSON Schema for editors (draft 7: the one that YAML language servers know best). Kept at docs/inventory.schema.json. */
export function inventoryJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(inventorySchema, { io: 'input', target: 'draft-7' });
  return { $schema, title: 'mysql-runbooks inventory', ...schema };
}

/** As it stands in the file. */
export const printJsonSchema = (): string => `${JSON.stringify(inventoryJsonSchema(), null, 2)}\n`;
