import { type Mysql } from '../mysql/mysql';

/** `source`: commits wait for an acknowledgement. `replica`: acknowledges. `none`: waits for nobody. */
export type SemiSyncRole = 'source' | 'replica' | 'none';

/**
 * The statement that gives a server its semi-synchronous role, null when it has it. Acknowledging is a replica's part and is never switched
 * off: it means nothing on a server that receives from nobody. Servers without the plugins are left alone.
 * The variable names follow the plugin that is loaded: `source`/`replica` since 8.0.26, the older pair before.
 */
export async function semiSyncStatement(server: Mysql, role: SemiSyncRole): Promise<string | null> {
  const rows = await variablesLike(server, 'enabled');
  const wanted = rows.flatMap(({ Variable_name: name, Value: value }) => {
    const forSource = name.includes('_source_') || name.includes('_master_');
    const want = forSource ? role === 'source' : role === 'replica' || value === 'ON';
    return (value === 'ON') === want ? [] : [`GLOBAL ${name} = ${want ? 'ON' : 'OFF'}`];
  });
  return wanted.length > 0 ? `SET ${wanted.join(', ')}` : null;
}

/**
 * Give a server its semi-synchronous role. Idempotent: absolute states.
 * True when something changed: a receiver that runs acknowledges as it was told when it started.
 */
export async function setSemiSync(server: Mysql, role: SemiSyncRole): Promise<boolean> {
  const statement = await semiSyncStatement(server, role);
  if (statement !== null) await server.run(statement);
  return statement !== null;
}

/** How long a commit waits for an acknowledgement before it goes on without one. Idempotent. */
export async function setPatience(server: Mysql, timeoutMs: number): Promise<void> {
  const rows = await variablesLike(server, 'timeout');
  const wanted = rows.filter(({ Value: value }) => Number(value) !== timeoutMs);
  if (wanted.length > 0)
    await server.run(`SET ${wanted.map(({ Variable_name: name }) => `GLOBAL ${name} = ${timeoutMs}`).join(', ')}`);
}

const variablesLike = (server: Mysql, what: 'enabled' | 'timeout') =>
  server.rows<{ Variable_name: string; Value: string }>(`SHOW GLOBAL VARIABLES LIKE 'rpl\\_semi\\_sync\\_%\\_${what}'`);
