import { text } from 'node:stream/consumers';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type CopyFacts } from '../../workflows/decisions/provision/facts';
import { madeFor } from '../../workflows/decisions/provision/physical';
import { programsOf } from '../backups/physical/xtrabackup-programs';
import { knownInstance } from '../deps';
import { hostOf } from '../hosts/control';
import { endingOf, lastLine } from '../programs/run';

const WITHIN_MS = 20_000;

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  /** '' = it ended well. */
  readonly failed: string;
}

/** What a program on the host of a server says; null = none can be run there. */
async function ask(cluster: Cluster, name: string, argv: readonly string[]): Promise<Said | null> {
  const running = hostOf(cluster, knownInstance(cluster, name))?.open?.(argv);
  if (!running) return null;
  running.input.end();
  const timer = setTimeout(() => running.end(), WITHIN_MS);
  const stdout = await text(running.output).catch(() => '');
  const ended = await running.ended;
  clearTimeout(timer);
  return { stdout, stderr: ended.stderr, failed: endingOf(ended, WITHIN_MS) };
}

/** The data folder past symbolic links, and the disk that it lies on. Left out what cannot be told from here. */
export async function placeOf(
  cluster: Cluster,
  name: string,
  dataFolder: string,
): Promise<Partial<Pick<CopyFacts, 'freeBytes' | 'folder'>>> {
  if (dataFolder === '') return {};
  const [disk, real] = [
    await ask(cluster, name, ['df', '-B1', '--output=avail,target', dataFolder]),
    await ask(cluster, name, ['realpath', '--', dataFolder]),
  ];
  const [, free = '', target = ''] = /^\s*(\d+)\s+(\/.*)$/.exec(disk?.stdout.trim().split('\n').at(-1) ?? '') ?? [];
  if (disk?.failed !== '' || free === '') return {};
  const path = real?.stdout.trim() ?? '';
  return {
    freeBytes: Number(free),
    ...(real?.failed === '' && path.startsWith('/') && { folder: { path, isMount: path === target } }),
  };
}

/** XtraBackup as the inventory names it, with what unpacks its stream. Left out: it names none, or no program can be run there. */
export async function xtraBackupOn(cluster: Cluster, name: string): Promise<CopyFacts['xtrabackup']> {
  const programs = programsOf(cluster);
  if (!programs) return undefined;
  const [tool, unpacker] = [
    await ask(cluster, name, [programs.xtrabackup, '--version']),
    await ask(cluster, name, [programs.xbstream, '--version']),
  ];
  if (!tool || !unpacker) return undefined;
  for (const [program, { failed, stderr }] of [
    [programs.xtrabackup, tool],
    [programs.xbstream, unpacker],
  ] as const)
    if (failed !== '') return { because: `${program} ${failed}${stderr === '' ? '' : `: ${lastLine(stderr)}`}` };
  const release = madeFor(`${tool.stdout}\n${tool.stderr}`);
  return release === null
    ? { because: `${programs.xtrabackup} --version does not say a release` }
    : { madeFor: release };
}
