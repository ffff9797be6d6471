import { type ProxysqlRouter } from '../../../workflows/decisions/router';
import { type Admin, misconfigured, type Row } from './admin';
import { draftsIn, hostgroupsIn, sameRows } from './memory';
import { DELAY, type ProxysqlState } from './state';

/** Their monitors decide who takes writes in the hostgroups that they name. */
const DRIVERS = ['mysql_group_replication_hostgroups', 'mysql_galera_hostgroups', 'mysql_aws_aurora_hostgroups'];
/** LOAD MYSQL SERVERS publishes these too. */
const SIBLINGS = [...DRIVERS, 'mysql_hostgroup_attributes', 'mysql_servers_ssl_params'];

/** A change of these waits for a restart by design: memory and the running state may differ for weeks. */
const AT_RESTART = ['mysql-threads', 'mysql-stacksize', 'mysql-interfaces'];

/**
 * A planned change has time: it does not begin while somebody's edit is begun and not loaded, and not where another monitor chooses the
 * writer. A fence asks nothing of this. Throws ROUTER_MISCONFIGURED.
 */
export async function refuseDrafts(admin: Admin, router: ProxysqlRouter, state: ProxysqlState): Promise<void> {
  const there = (await admin.rows('SHOW TABLES')).flatMap((row) => Object.values(row));
  const driven: number[] = [];
  const drafts: string[] = [];
  for (const table of SIBLINGS.filter((name) => there.includes(name))) {
    const running = await admin.rows(`SELECT * FROM runtime_${table}`);
    if (!sameRows(running, await admin.rows(`SELECT * FROM ${table}`))) drafts.push(`${table} is not what runs`);
    if (!DRIVERS.includes(table)) continue;
    driven.push(...hostgroupsIn(running));
    if (hostgroupsIn(running).includes(router.writers)) throw drivenByAnother(router, table);
  }
  drafts.push(...draftsIn(router, state, driven));
  if (drafts.length > 0)
    throw misconfigured(
      router,
      `somebody's edit of its servers is begun and not loaded: ${drafts.join('; ')}`,
      'Finish it by LOAD MYSQL SERVERS TO RUNTIME, or drop it by SAVE MYSQL SERVERS FROM RUNTIME; then start this again.',
    );
  const changed = await variablesNotLoaded(admin);
  if (changed.length > 0)
    throw misconfigured(
      router,
      `variables are set and not loaded: ${changed.join(', ')}`,
      'LOAD MYSQL VARIABLES TO RUNTIME, or drop them by SAVE MYSQL VARIABLES FROM RUNTIME; then start this again.',
    );
}

async function variablesNotLoaded(admin: Admin): Promise<string[]> {
  const [memory, running] = [
    await admin.rows(`SELECT variable_name, variable_value FROM global_variables WHERE variable_name LIKE 'mysql-%'`),
    await admin.rows(
      `SELECT variable_name, variable_value FROM runtime_global_variables WHERE variable_name LIKE 'mysql-%'`,
    ),
  ];
  const runs = new Map(running.map((row) => [row['variable_name'], plain(row)]));
  return memory
    .filter((row) => runs.has(row['variable_name'] ?? null) && runs.get(row['variable_name'] ?? null) !== plain(row))
    .map((row) => String(row['variable_name']))
    .filter((name) => name !== DELAY && !AT_RESTART.includes(name));
}

/** The memory table keeps a flag as it was typed. */
const plain = (row: Row): string => {
  const value = (row['variable_value'] ?? '').toLowerCase();
  return value === '1' ? 'true' : value === '0' ? 'false' : value;
};

const drivenByAnother = (router: ProxysqlRouter, table: string) =>
  misconfigured(
    router,
    `its hostgroup ${router.writers} is driven by ${table}, whose monitor chooses the writer by itself`,
    'Name another hostgroup in the inventory, or DELETE the row and LOAD MYSQL SERVERS TO RUNTIME.',
  );
