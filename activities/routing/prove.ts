import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Address } from '../../workflows/decisions/cluster';
import { RunbookError } from '../errors';
import { driverCodeOf, errnoOf, fromDriver, timedOut } from '../mysql/driver-errors';
import { type Line, openLine } from '../mysql/line';
import { type ClientDoor, writeRow } from './client';

/** A router's write side as a client that looks now finds it. */
export interface WriteSide {
  readonly name: string;
  readonly writeAddress: Address;
}

export interface WriteProof {
  /** server_uuid of the server that acknowledged the row. */
  readonly uuid: string;
  /** From the first try to the acknowledgement. */
  readonly elapsedMs: number;
}

export interface FenceProof {
  /** What a client is told now. */
  readonly because: string;
  readonly elapsedMs: number;
}

const NEXT_TRY_AFTER_MS = 5;

/** No retry within the deadline changes these. */
const HOPELESS = new Set(['AUTHENTICATION_FAILED', 'TLS_FAILED', 'MISSING_PRIVILEGE']);

/**
 * Proof at the client's side that writes work: a fresh connection through the router's write address, to the expected server, and a row
 * that it acknowledges. Tries again until `deadlineMs` has passed, since a router may need a moment. Nothing is written to a server that
 * is not the expected one. Idempotent: the row is the server's own heartbeat.
 * Throws PROOF_FAILED (retry helps, names what was met), AUTHENTICATION_FAILED, TLS_FAILED, MISSING_PRIVILEGE.
 */
export async function proveWrites(
  router: WriteSide,
  door: ClientDoor,
  expectedUuid: string,
  deadlineMs: number,
): Promise<WriteProof> {
  const start = performance.now();
  const until = start + deadlineMs;
  let told: RunbookError | undefined;
  for (;;) {
    try {
      const uuid = await writeThrough(router, door, until, (found) => checkServer(router, found, expectedUuid));
      return { uuid, elapsedMs: elapsedSince(start) };
    } catch (error) {
      const met = fromDriver(error, clientSide(router));
      if (HOPELESS.has(met.code)) throw met;
      // A last try that our deadline cut short says less than the one before it.
      if (told === undefined || met.code !== 'HOST_TIMED_OUT') told = met;
      if (performance.now() + NEXT_TRY_AFTER_MS >= until) throw notProven(router, told);
      await pause(NEXT_TRY_AFTER_MS);
    }
  }
}

/**
 * Proof at the client's side that nobody can write: a new client is turned away by the router, or the server behind it says that it is
 * read-only. Silence is no proof, and neither is a login that is refused: there a server was reached. Says nothing about
 * sessions that were open before; the router's own count of sessions does.
 * Throws FENCE_NOT_PROVEN. Not idempotent in its attempt: where the fence does not hold, a heartbeat row is written.
 */
export async function proveFenced(router: WriteSide, door: ClientDoor, deadlineMs: number): Promise<FenceProof> {
  const start = performance.now();
  try {
    const uuid = await writeThrough(router, door, start + deadlineMs, () => undefined);
    throw fenceOpen(router, `server ${uuid} acknowledged a write that came through it`);
  } catch (error) {
    const met = fromDriver(error, clientSide(router));
    if (met.code === 'FENCE_NOT_PROVEN') throw met;
    if (!isTurnedAway(met) && !READ_ONLY.has(errnoOf(met))) throw fenceOpen(router, met.message);
    return { because: met.message, elapsedMs: elapsedSince(start) };
  }
}

// 1290: super_read_only or read_only; 1836: read-only mode of another origin.
const READ_ONLY = new Set([1290, 1836]);

const isTurnedAway = (met: RunbookError): boolean =>
  driverCodeOf(met) === 'ECONNREFUSED' || (met.code === 'CONNECTION_LOST' && errnoOf(met) === 0);

/** One row through the router; returns who acknowledged it. The whole try ends by `until`, hung servers included. */
async function writeThrough(
  router: WriteSide,
  door: ClientDoor,
  until: number,
  check: (uuid: string) => void,
): Promise<string> {
  const { user, password, ssl, schema } = door;
  const left = Math.max(1, Math.round(until - performance.now()));
  const login = { ...router.writeAddress, user, password, ...(ssl && { ssl }) };
  let line: Line | undefined;
  let late = false;
  const write = async (): Promise<string> => {
    line = await openLine(login, left);
    if (late) line.destroy();
    return writeRow(line, schema, check);
  };
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      reject(timedOut(clientSide(router), 'a write through the router', left));
    }, left);
  });
  try {
    return await Promise.race([write(), deadline]);
  } finally {
    clearTimeout(timer);
    line?.destroy();
  }
}

function checkServer(router: WriteSide, found: string, expected: string): void {
  if (found.toLowerCase() === expected.toLowerCase()) return;
  throw new RunbookError({
    code: 'WRONG_SERVER',
    message: `router ${router.name} leads to server ${found}, not to ${expected}`,
    hint: 'Point it at the new primary.',
  });
}

const clientSide = ({ name, writeAddress }: WriteSide) => ({ name: `router ${name}`, ...writeAddress });

const elapsedSince = (start: number): number => Math.round((performance.now() - start) * 10) / 10;

const notProven = (router: WriteSide, met: RunbookError): RunbookError =>
  new RunbookError({
    code: 'PROOF_FAILED',
    message: `no write came through router ${router.name}: ${met.message}`,
    hint: 'Compare what the router reads back with its write address in the inventory, and look whether the new primary takes writes.',
    cause: met,
  });

const fenceOpen = (router: WriteSide, because: string): RunbookError =>
  new RunbookError({
    code: 'FENCE_NOT_PROVEN',
    message: `router ${router.name} is not proven closed for writes: ${because}`,
    hint: 'Take its servers out by hand, or stop the router, before another server is opened for writes.',
  });
