import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Release } from '../../workflows/decisions/facts';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { judgeRelease } from '../mysql/release';
import { endingOf, lastLine, runProgram } from '../programs/run';
import { factsOf } from '../replication/apply';

export interface ReplaceOrder {
  readonly cluster: Cluster;
  readonly name: string;
  readonly to: Release;
  readonly run: string;
}

const REPLACED_WITHIN_MS = 3_600_000;
const ANSWERS_WITHIN_MS = 300_000;
const ASK_EVERY_MS = 500;
const CLOSES_WITHIN_MS = 30_000;

/**
 * Replace the program of one replica by the next release: `upgrade.replaceCommand` stops it, puts the new program there and starts it again;
 * this waits until it answers as that release, and closes it: an option file may not say that it is read-only. One that runs it already is only
 * closed, so a later attempt does nothing twice. Throws WRITABLE_RIVAL (it takes writes: nobody may stop it), TOOL_FAILED, INVENTORY_INVALID (no
 * command). Source: MySQL manual, "Upgrading MySQL Binary or Package-based Installations".
 */
export async function replaceProgram(deps: Deps, order: ReplaceOrder): Promise<string> {
  const { cluster, name, to } = order;
  // One that was replaced may have come up open; a replica all the same, and known by its channel.
  const facts = await factsOf(deps, cluster, name).catch(() => null);
  if (facts && !facts.readOnly && facts.channels.length === 0)
    throw new RunbookError({
      code: 'WRITABLE_RIVAL',
      message: `${name} takes writes, and its program is not replaced`,
      hint: 'Move the primary first, or find out who opened it.',
    });
  const before = facts?.version ?? '';
  const after = runs(before, to) ? before : await replaceBy(deps, order);
  await serverNamed(deps, cluster, name).run('SET GLOBAL super_read_only = ON', [], { deadlineMs: CLOSES_WITHIN_MS });
  return after;
}

async function replaceBy(deps: Deps, { cluster, name, to, run }: ReplaceOrder): Promise<string> {
  const { host, port } = knownInstance(cluster, name);
  const command = cluster.upgrade?.replaceCommand;
  if (!command)
    throw new RunbookError({
      code: 'INVENTORY_INVALID',
      message: `${cluster.name} has no upgrade.replaceCommand`,
      hint: 'Write one in the inventory, or upgrade blue/green.',
    });
  const input = { version: 1, operation: 'replace', cluster: cluster.name, release: to, run };
  deps.checkpoint('replace:begin');
  const ended = await runProgram(command, {
    deadlineMs: REPLACED_WITHIN_MS,
    input: JSON.stringify({ ...input, instance: { name, host, port } }),
  });
  const failed = endingOf(ended, REPLACED_WITHIN_MS);
  if (failed !== '')
    throw toolFailed(`the replace command ${failed}: ${lastLine(ended.stderr) || lastLine(ended.stdout)}`);
  deps.checkpoint('replace:replaced');
  for (const until = performance.now() + ANSWERS_WITHIN_MS; performance.now() < until;) {
    const now = await versionOf(deps, cluster, name);
    if (runs(now, to)) return now;
    deps.heartbeat({ replacing: name });
    await pause(ASK_EVERY_MS);
  }
  throw toolFailed(`${name} does not answer as ${to} although its replace command ended well`);
}

/** '' while it does not answer. */
const versionOf = (deps: Deps, cluster: Cluster, name: string): Promise<string> =>
  serverNamed(deps, cluster, name)
    .value('SELECT VERSION()')
    .then(String, () => '');

function runs(version: string, to: Release): boolean {
  const verdict = version === '' ? null : judgeRelease(version);
  return verdict?.supported === true && verdict.release === to;
}

const toolFailed = (message: string): RunbookError =>
  new RunbookError({
    code: 'TOOL_FAILED',
    message,
    hint: 'Look at the error log of that server; then start this again.',
  });
