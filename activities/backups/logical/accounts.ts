import { type Session } from '../../mysql/mysql';

/**
 * Statements that make the server's accounts, roles and grants anew. Kept in a file of its own: a scratch server never runs it.
 * Reads only. Source: MySQL manual, "SHOW CREATE USER Statement", print_identified_with_as_hex.
 */
export async function readAccounts(session: Session): Promise<string> {
  // Older releases do not know it, and print salts that are text there.
  await session.run('SET SESSION print_identified_with_as_hex = ON').catch(() => undefined);
  const users = await session.rows<{ user: string; host: string }>(
    "SELECT User AS user, Host AS host FROM mysql.user WHERE User NOT LIKE 'mysql.%' ORDER BY 1, 2",
  );
  const made: string[] = [];
  const granted: string[] = [];
  for (const { user, host } of users) {
    const [create] = await session.rows<Record<string, string>>('SHOW CREATE USER ?@?', [user, host]);
    made.push(
      ...Object.values(create ?? {}).map((sql) => `${sql.replace(/^CREATE USER /, 'CREATE USER IF NOT EXISTS ')};`),
    );
    for (const row of await session.rows<Record<string, string>>('SHOW GRANTS FOR ?@?', [user, host]))
      granted.push(...Object.values(row).map((sql) => `${sql};`));
  }
  return `${[...made, ...granted].join('\n')}\n`;
}
