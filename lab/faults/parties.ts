import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { type LabState } from '../options';
import { type Party } from './rules';

/** Who owns the other end of a connection, found by the kernel's tables: address pair → socket inode → process. */
export function partyOf(labFile: string, peerPort: number, listenPort: number): Party {
  const inode = socketInode(peerPort, listenPort);
  if (inode === undefined) return 'observer';
  const link = `socket:[${inode}]`;
  return processes(labFile).find(({ pid }) => ownsSocket(pid, link))?.party ?? 'observer';
}

/** /proc/net/tcp: local address, remote address and inode stand in columns 1, 2 and 9; ports are hexadecimal. */
function socketInode(localPort: number, remotePort: number): string | undefined {
  const ends = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readOr(table).split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(ends(localPort)) && fields[2]?.endsWith(ends(remotePort)) && fields[9] !== '0') {
        return fields[9];
      }
    }
  }
  return undefined;
}

function ownsSocket(pid: number, link: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === link);
  } catch {
    return false; // gone meanwhile
  }
}

let known: { changed: number; parties: { party: Party; pid: number }[] } = { changed: -1, parties: [] };

/** The lab's processes as lab.json names them now; servers get new pids when they are started again. */
function processes(labFile: string): { party: Party; pid: number }[] {
  try {
    const changed = statSync(labFile).mtimeMs;
    if (changed !== known.changed) known = { changed, parties: partiesIn(JSON.parse(readOr(labFile)) as LabState) };
  } catch {
    // Between two versions of the file: the last one holds.
  }
  return known.parties;
}

const partiesIn = (state: LabState) => [
  ...state.servers.map(({ name, pid }) => ({ party: name, pid })),
  ...(state.router ? [{ party: 'router', pid: state.router.pid }] : []),
  ...state.workers.map(({ name, pid }) => ({ party: name, pid })),
];

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
