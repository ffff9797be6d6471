import { RunbookError } from '../activities/errors';
import { whyMayNot } from '../workflows/decisions/approvals';
import { type Role } from '../workflows/decisions/people';
import { type Context } from './context';

/**
 * Where the inventory names people, only they, and only with this role. Who asks is their own word: this keeps mistakes out, and Temporal's
 * authorization keeps others out (docs/security.md). Without an inventory here nobody is known and nobody is refused.
 * Throws NOT_ALLOWED, INVENTORY_INVALID.
 */
export async function requireRole(context: Context, role: Role): Promise<void> {
  const why = whyMayNot(context.by, [role], (await context.inventoryIfAny())?.people ?? []);
  if (why === null) return;
  throw new RunbookError({
    code: 'NOT_ALLOWED',
    message: why.replace(/\.$/, ''),
    hint: `It takes the role ${role}, in \`people\` of the inventory; say who you are with --as NAME or RUNBOOK_AS.`,
  });
}
