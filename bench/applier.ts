import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Lab, startLab } from '../lab';
import { startLoad } from '../lab/load';
import { spread, type Spread } from './statistics';

/**
 * What a candidate's applier gains when its durability is relaxed: transactions a second from a backlog, and how far it is behind under a
 * steady load. Usage: `node dist/bench/applier.js [ROUNDS] [BACKLOG] [PER_SECOND]`; prints JSON.
 */
const [rounds = 3, backlog = 5_000, perSecond = 500] = process.argv.slice(2).map(Number);
const SAMPLES = 40;

const settings = { durable: [1, 1], relaxed: [0, 2] } as const;
type Setting = keyof typeof settings;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mrb-applier-'));
  const lab = await startLab({
    name: 'applier',
    folder: join(folder, 'lab'),
    lifetime: 'starter',
    replicas: 1,
    router: 'none',
    durability: 'async',
  });
  try {
    const found = { durable: [] as Round[], relaxed: [] as Round[] };
    for (let round = 0; round < rounds; round += 1)
      for (const setting of Object.keys(settings) as Setting[]) found[setting].push(await measure(lab, setting));
    console.log(JSON.stringify({ bench: 'applier', backlog, perSecond, ...found }, null, 1));
  } finally {
    await lab.down();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Round {
  readonly appliedPerSecond: number;
  readonly written: number;
  readonly behind: Spread;
}

async function measure(lab: Lab, setting: Setting): Promise<Round> {
  const [syncBinlog, flushLog] = settings[setting];
  await lab.rows('db2', `SET GLOBAL sync_binlog = ${syncBinlog}`);
  await lab.rows('db2', `SET GLOBAL innodb_flush_log_at_trx_commit = ${flushLog}`);

  await lab.rows('db2', 'STOP REPLICA SQL_THREAD');
  const quick = startLoad(lab);
  while (quick.acknowledged.length < backlog) await pause(10);
  await quick.stop();
  const begun = performance.now();
  await lab.rows('db2', 'START REPLICA SQL_THREAD');
  await untilApplied(lab);
  const appliedPerSecond = Math.round((quick.acknowledged.length * 1000) / (performance.now() - begun));

  const steady = startLoad(lab, { perSecond });
  await steady.nextAcknowledgement();
  await untilApplied(lab);
  const behind: number[] = [];
  while (behind.length < SAMPLES) {
    behind.push(await untilApplied(lab));
    await pause(50);
  }
  await steady.stop();
  return { appliedPerSecond, written: steady.acknowledged.length, behind: spread(behind) };
}

/** Milliseconds from reading what the primary has committed to the replica's having applied that. */
async function untilApplied(lab: Lab): Promise<number> {
  const committed = String(await lab.value('db1', 'SELECT @@global.gtid_executed'));
  const asked = performance.now();
  while (Number(await lab.value('db2', 'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 5)', [committed])) !== 0);
  return performance.now() - asked;
}

void main();
