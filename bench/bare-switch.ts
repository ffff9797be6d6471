import { setTimeout as pause } from 'node:timers/promises';
import { type Connection, type RowDataPacket } from 'mysql2/promise';
import { type Lab } from '../lab';
import { command, WRITE_BACKEND } from '../lab/haproxy';
import { follow } from '../lab/mysqld/roles';
import { open } from '../lab/sql';
import { rootDoor } from '../lab/state';

/**
 * The same switch as a bare script would do it: the other replicas moved and receiving, the candidate close behind, connections open beforehand; no preflight, no proof,
 * no way back, nothing kept. What the runbook's safety and durability cost is the difference.
 */
export async function bareSwitch(lab: Lab, from: string, to: string): Promise<void> {
  const others = lab.servers.map(({ name }) => name).filter((name) => name !== from && name !== to);
  for (const other of others) await repoint(lab, other, to);
  const [old, next] = [
    await open(rootDoor(lab.state, lab.server(from))),
    await open(rootDoor(lab.state, lab.server(to))),
  ];
  try {
    await keepsUp(old, next);
    const tell = (words: string) => (lab.router ? command(lab.router, words) : undefined);
    await tell(`set maxconn server ${WRITE_BACKEND}/${from} 1`);
    await old.query('SET GLOBAL super_read_only = ON');
    await next.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 10)', [await executedOn(old)]);
    await next.query('SET GLOBAL rpl_semi_sync_source_enabled = ON');
    await next.query('SET GLOBAL read_only = OFF');
    await tell(
      `set server ${WRITE_BACKEND}/${from} state maint;shutdown sessions server ${WRITE_BACKEND}/${from};set server ${WRITE_BACKEND}/${to} state ready`,
    );
    await tell(`set maxconn server ${WRITE_BACKEND}/${from} 400`);
    await next.query('STOP REPLICA');
    await next.query('RESET REPLICA ALL');
    await old.query('SET GLOBAL rpl_semi_sync_source_enabled = OFF, GLOBAL rpl_semi_sync_replica_enabled = ON');
  } finally {
    old.destroy();
    next.destroy();
  }
  await follow(lab.state, lab.server(from), to);
}

async function repoint(lab: Lab, replica: string, source: string): Promise<void> {
  await lab.rows(replica, 'STOP REPLICA');
  await follow(lab.state, lab.server(replica), source);
  while ((await lab.value(replica, RECEIVING)) !== 'ON') await pause(20);
}

const RECEIVING = 'SELECT SERVICE_STATE FROM performance_schema.replication_connection_status';

/** As the runbook: not begun while the candidate is further behind than this. */
const CLOSE_MS = 100;

async function keepsUp(old: Connection, next: Connection): Promise<void> {
  for (let behindMs = Infinity; behindMs >= CLOSE_MS;) {
    const executed = await executedOn(old);
    const asked = performance.now();
    await next.query('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 10)', [executed]);
    behindMs = performance.now() - asked;
  }
}

async function executedOn(server: Connection): Promise<string> {
  const [[row]] = await server.query<RowDataPacket[]>('SELECT @@global.gtid_executed AS executed');
  return String(row?.['executed']);
}
