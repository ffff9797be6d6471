import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Hosts as network namespaces on one bridge, each with an address in one /24. */
export interface Spaces {
  readonly folder: string;
  /** What goes before a program on the host of that name, as a program of its own: `WAY NAME PROGRAM …`. Refuses or hangs for one that was cut off. */
  readonly way: string;
  /** Nobody can run a command on this host from now on; its network and its servers go on. */
  readonly cutOff: (name: string, how?: 'refuse' | 'hang') => void;
  readonly reachAgain: (name: string) => void;
  /** What `program` prints on that host. */
  readonly inside: (name: string, ...program: string[]) => string;
  /** Runs this JavaScript there; it dies with the spaces. */
  readonly start: (name: string, script: string, ...words: string[]) => ChildProcess;
  /** The next line that it prints. */
  readonly line: (child: ChildProcess) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** '' where namespaces can be made, else why not. */
export function whyNoNamespaces(): string {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `mrb-try-${process.pid}`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return `no network namespace can be made: ${(error as Error).message.trim()}`;
  }
}

const ip = (...args: string[]): string => execFileSync('ip', args, { stdio: 'pipe' }).toString();

/** `here`: an address of this machine on the same bridge, for programs that run outside. */
export async function startSpaces(places: Readonly<Record<string, string>>, here?: string): Promise<Spaces> {
  const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
  const prefix = `mrb${process.pid}`;
  const space = (name: string) => `${prefix}-${name}`;
  const names = ['sw', ...Object.keys(places)];
  const started: ChildProcess[] = [];
  const stop = async () => {
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    for (const name of names) {
      try {
        ip('netns', 'del', space(name));
      } catch {
        // It was not made.
      }
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const name of names) ip('netns', 'add', space(name));
    ip('-n', space('sw'), 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', space('sw'), 'link', 'set', 'br0', 'up');
    for (const [name, address] of Object.entries(places)) {
      ip('-n', space('sw'), 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space(name));
      ip('-n', space('sw'), 'link', 'set', name, 'master', 'br0', 'up');
      ip('-n', space(name), 'link', 'set', 'lo', 'up');
      ip('-n', space(name), 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', space(name), 'link', 'set', 'eth0', 'up');
    }
    if (here !== undefined) {
      // It goes with its other end, which goes with its namespace.
      ip('link', 'add', prefix, 'type', 'veth', 'peer', 'name', 'here', 'netns', space('sw'));
      ip('-n', space('sw'), 'link', 'set', 'here', 'master', 'br0', 'up');
      ip('addr', 'add', `${here}/24`, 'dev', prefix);
      ip('link', 'set', prefix, 'up');
    }
  } catch (error) {
    await stop();
    throw error;
  }

  const way = join(folder, 'to-host');
  writeFileSync(
    way,
    `#!/bin/sh\nn=$1; shift\ncase $(cat ${folder}/cut-$n 2>/dev/null) in refuse) echo "connect to host $n: No route to host" >&2; exit 255;; hang) exec sleep 60;; esac\nexec ip netns exec ${prefix}-$n "$@"\n`,
  );
  chmodSync(way, 0o755);
  return {
    folder,
    way,
    cutOff: (name, how = 'refuse') => writeFileSync(join(folder, `cut-${name}`), how),
    reachAgain: (name) => rmSync(join(folder, `cut-${name}`), { force: true }),
    inside: (name, ...program) => ip('netns', 'exec', space(name), ...program),
    start: (name, script, ...words) => {
      const child = spawn('ip', ['netns', 'exec', space(name), process.execPath, '-e', script, ...words], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      started.push(child);
      return child;
    },
    line: async (child) => String((await once(child.stdout!, 'data'))[0]).trim(),
    stop,
  };
}
