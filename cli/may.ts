import { RunbookError } from '../activities/errors';
import { mayDo, personNamed, type Role } from '../workflows/decisions/people';
import { type Context } from './context';

/**
 * Where the inventory names people, only they, and only with this role. Who asks is their own word: this keeps mistakes out, and Temporal's
 * authorization keeps others out (docs/security.md). Without an inventory here nobody is known and nobody is refused.
 * Throws NOT_ALLOWED, INVENTORY_INVALID.
 */
export async function requireRole(context: Context, role: Role): Promise<void> {
  const people = (await context.inventoryIfAny())?.people ?? [];
  if (people.length === 0) return;
  const person = personNamed(people, context.by);
  if (person && mayDo(person, role)) return;
  const able = people.filter((one) => mayDo(one, role)).map(({ name }) => name);
  throw new RunbookError({
    code: 'NOT_ALLOWED',
    message: person
      ? `${person.name} has not the role ${role}`
      : `the inventory names people, and ${context.by} is none of them`,
    hint:
      able.length === 0
        ? `Nobody has the role ${role}: write it into \`people\` of the inventory.`
        : `Say who you are with --as NAME or RUNBOOK_AS; the role ${role} has: ${able.join(', ')}.`,
  });
}
