import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Ports that no other lab of this user has, also while the server that owns one is down. They are taken below the
 * kernel's range for outgoing connections, so that no client's source port lands on a server that is about to restart.
 */
const LOWEST = 15_000;
const HIGHEST = 32_000;
const TRIES = 500;
const SWEEP_FROM = 300;

/** Reserves `count` free ports for the lab in `folder`; the reservation ends when that folder is gone. */
export async function reservePorts(count: number, folder: string): Promise<number[]> {
  sweep();
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries > TRIES) throw new Error(`no ${count} free ports between ${LOWEST} and ${HIGHEST}`);
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!claim(port, folder)) continue;
    if (await isFree(port)) ports.push(port);
    else release(port);
  }
  return ports;
}

/** Gives back all ports of the lab in `folder`. */
export function releasePortsOf(folder: string): void {
  for (const port of readdirSync(reservations())) {
    if (ownerOf(join(reservations(), port)) === folder) release(Number(port));
  }
}

const reservations = (): string => {
  const folder = join(tmpdir(), `mysql-runbooks-ports-${String(process.getuid?.() ?? 0)}`);
  mkdirSync(folder, { recursive: true });
  return folder;
};

const release = (port: number): void => rmSync(join(reservations(), String(port)), { force: true });

/** Folders that were removed without giving their ports back leave reservations behind. */
function sweep(): void {
  const taken = readdirSync(reservations());
  if (taken.length < SWEEP_FROM) return;
  for (const port of taken) {
    const owner = ownerOf(join(reservations(), port));
    if (owner && !existsSync(owner)) release(Number(port));
  }
}

function claim(port: number, folder: string): boolean {
  const file = join(reservations(), String(port));
  try {
    writeFileSync(file, folder, { flag: 'wx' });
    return true;
  } catch {
    const owner = ownerOf(file);
    if (owner && !existsSync(owner)) rmSync(file, { force: true }); // of a lab that is gone; free for the next draw
    return false;
  }
}

function ownerOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
}
