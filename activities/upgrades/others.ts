import { SYSTEM_SCHEMAS } from '../../workflows/decisions/upgrade/tables';

/** `… WHERE TABLE_SCHEMA ${OTHERS}`: schemas that are not the server's own. */
export const OTHERS = `NOT IN (${SYSTEM_SCHEMAS.map((name) => `'${name}'`).join(', ')})`;
