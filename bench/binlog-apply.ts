import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { archiveBinlogs } from '../activities/archive/archive';
import { applyArchived } from '../activities/archive/apply';
import { openShelf } from '../activities/archive/shelf';
import { type Deps, serverNamed } from '../activities/deps';
import { type Lab } from '../lab';
import { startLoad } from '../lab/load';
import { passwordOf } from '../lab/state';
import { gtidsOf } from '../workflows/decisions/archive/coverage';
import { contains, count, emptyGtidSet, parseGtidSet, subtract } from '../workflows/decisions/gtid-set';
import { onLab } from './on-lab';
import { spread, type Spread } from './statistics';

export interface ApplyCase extends Spread {
  readonly case: string;
  readonly runs: number;
  readonly transactions: number;
}

/** The same transactions into two servers with the same base, one after the other: by the archive, and by `mysqlbinlog | mysql`. */
export async function benchApply(runs: number, seconds: number, onRun: (line: string) => void): Promise<ApplyCase[]> {
  const [ours, bare]: [number[], number[]] = [[], []];
  let transactions = 0;
  for (let run = 0; run < runs; run += 1) {
    const pair = await onePair(seconds, run % 2 === 0);
    transactions += pair.transactions;
    ours.push(pair.oursMs);
    bare.push(pair.bareMs);
    onRun(
      `${pair.transactions} transactions: archive ${Math.round(pair.oursMs)} ms, mysqlbinlog | mysql ${Math.round(pair.bareMs)} ms`,
    );
  }
  const told = (name: string, values: readonly number[]): ApplyCase => ({
    case: name,
    runs,
    transactions,
    ...spread(values),
  });
  return [told('binlog-apply', ours), told('binlog-apply-bare-script', bare)];
}

async function onePair(seconds: number, oursFirst: boolean) {
  return onLab({}, async ({ lab, cluster, deps }) => {
    for (const name of ['db2', 'db3']) {
      await lab.rows(name, 'STOP REPLICA');
      await lab.rows(name, 'RESET REPLICA ALL');
    }
    const base = parseGtidSet(String(await lab.value('db2', 'SELECT @@global.gtid_executed')));
    const load = startLoad(lab, { perSecond: 3_000, writers: 16, ports: [lab.server('db1').port] });
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    await load.stop();
    const target = parseGtidSet(String(await lab.value('db1', 'SELECT @@global.gtid_executed')));
    await archiveUntil(deps, cluster.name, async () => {
      const { files } = await (await openShelf(deps, cluster)).coverage();
      return contains(gtidsOf(files), subtract(target, base));
    });

    const archive = async () => {
      const hooks = { checkpoint: () => undefined, progress: () => undefined };
      const shelf = await openShelf(deps, cluster);
      await applyArchived(serverNamed(deps, cluster, 'db2'), shelf, { target, without: emptyGtidSet }, hooks);
    };
    const script = () => pipeToMysql(lab);
    const [first, second] = oursFirst ? [archive, script] : [script, archive];
    const firstMs = await timed(first);
    const secondMs = await timed(second);
    const [oursMs, bareMs] = oursFirst ? [firstMs, secondMs] : [secondMs, firstMs];
    return { transactions: count(subtract(target, base)), oursMs, bareMs };
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

async function archiveUntil(deps: Deps, cluster: string, whole: () => Promise<boolean>): Promise<void> {
  const stopped = new AbortController();
  const turn = archiveBinlogs({ ...deps, cancelled: stopped.signal }, { cluster, told: [] });
  while (!(await whole())) await new Promise((resolve) => setTimeout(resolve, 200));
  stopped.abort();
  await turn;
}

async function pipeToMysql(lab: Lab): Promise<void> {
  await lab.rows('db3', 'SET GLOBAL super_read_only = 0');
  const data = lab.server('db1').dataFolder;
  const files = readdirSync(data)
    .filter((name) => /^binlog\.\d+$/.test(name))
    .sort()
    .map((name) => join(data, name));
  const [reader, writer] = [
    spawn(join(lab.state.binFolder, 'mysqlbinlog'), files, { stdio: ['ignore', 'pipe', 'inherit'] }),
    spawn(join(lab.state.binFolder, 'mysql'), ['--user=lab_root', `--socket=${lab.server('db3').socket}`], {
      stdio: ['pipe', 'ignore', 'inherit'],
      env: { ...process.env, MYSQL_PWD: passwordOf(lab.accounts.root) },
    }),
  ];
  reader.stdout.pipe(writer.stdin);
  const code = await new Promise((resolve) => writer.on('close', resolve));
  if (code !== 0) throw new Error(`mysqlbinlog | mysql ended with ${String(code)}`);
}
