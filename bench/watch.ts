import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { type Lab, startLab } from '../lab';
import { untilWatched } from '../lab/watched';
import { TASK_QUEUE, watchId } from '../workflows/messages';

/** What watching one cluster costs while nothing happens. CPU is percent of one core. */
export interface WatchCost {
  readonly case: 'idle-watch';
  readonly seconds: number;
  readonly historyEventsPerHour: number;
  readonly workerCpuPercent: number;
  readonly workerCpuPercentWithoutWatch: number;
  readonly temporalCpuPercent: number;
  readonly primaryCpuPercent: number;
  readonly primaryCpuPercentWithoutWatch: number;
}

export async function benchWatch(seconds: number, onPhase: (line: string) => void): Promise<WatchCost> {
  const lab = await startLab({ name: `bench-${process.pid}`, temporal: true, worker: true, lifetime: 'starter' });
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  try {
    const client = new Client({ connection });
    onPhase(`without a watcher, ${seconds} s`);
    const without = await cpuOver(lab, seconds);
    const watcher = await client.workflow.start('watchCluster', {
      workflowId: watchId(lab.cluster),
      taskQueue: TASK_QUEUE,
      args: [{ cluster: lab.cluster }],
    });
    await untilWatched(client, lab.cluster);
    const eventsBefore = (await watcher.describe()).historyLength;
    onPhase(`with a watcher, ${seconds} s`);
    const watched = await cpuOver(lab, seconds);
    const events = (await watcher.describe()).historyLength - eventsBefore;
    return {
      case: 'idle-watch',
      seconds,
      historyEventsPerHour: Math.round((events * 3600) / seconds),
      workerCpuPercent: watched.worker,
      workerCpuPercentWithoutWatch: without.worker,
      temporalCpuPercent: watched.temporal,
      primaryCpuPercent: watched.primary,
      primaryCpuPercentWithoutWatch: without.primary,
    };
  } finally {
    await connection.close();
    await lab.down();
  }
}

async function cpuOver(lab: Lab, seconds: number): Promise<{ worker: number; temporal: number; primary: number }> {
  const pids = {
    worker: lab.state.workers[0]?.pid ?? 0,
    temporal: lab.temporal?.pid ?? 0,
    primary: lab.server('db1').pid,
  };
  const [worker, temporal, primary] = [cpuSeconds(pids.worker), cpuSeconds(pids.temporal), cpuSeconds(pids.primary)];
  const begin = performance.now();
  await pause(seconds * 1000);
  const elapsed = (performance.now() - begin) / 1000;
  const percent = (pid: number, before: number) => Math.round(((cpuSeconds(pid) - before) / elapsed) * 1000) / 10;
  return {
    worker: percent(pids.worker, worker),
    temporal: percent(pids.temporal, temporal),
    primary: percent(pids.primary, primary),
  };
}

/** User and system time of a process. Source: proc(5), /proc/PID/stat, fields 14 and 15, in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
