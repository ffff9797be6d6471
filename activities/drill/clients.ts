import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type ClientSeen, type Seen } from '../../workflows/decisions/drill';
import { type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { type Line, openLine } from '../mysql/line';
import { quoteName } from '../mysql/quoting';
import { clientDoor, type ClientDoor } from '../routing/client';
import { type WriteSide } from '../routing/prove';

export interface ClientsOrder {
  readonly cluster: Cluster;
  /** Run id of the drill and the part of it: rows of two parts are told apart. */
  readonly drill: string;
  readonly part: 'there' | 'back';
}

export interface DrillDeps extends Pick<Deps, 'secret'> {
  readonly cancelled: () => AbortSignal;
  readonly attempt: () => number;
}

/** Also what a measured silence can be wrong by. */
const WRITE_EVERY_MS = 10;
/** A connection into nowhere may not make the silence look longer than that. */
const TRY_WITHIN_MS = 1_000;

const ONCE_MORE_MS = 3_000;

/** Routers that a client measures at. Behind a DNS name it would measure what this machine's resolver remembers. */
const measuredAt = ({ routers }: Cluster): Cluster['routers'] => routers.filter(({ kind }) => kind !== 'dns');

/**
 * One client behind each router, each writing a numbered row every few milliseconds, on a new connection after every error, as a careful
 * application does; until it is cancelled. A number is used once: one whose answer was lost counts neither as acknowledged nor as lost.
 * The first attempt alone has seen everything; a later one says that it was interrupted. Never throws for what a server or router does.
 */
export async function writeThroughout(deps: DrillDeps, { cluster, drill, part }: ClientsOrder): Promise<Seen> {
  const door = await clientDoor(deps, cluster);
  const cancelled = deps.cancelled();
  const attempt = deps.attempt();
  const clients = await Promise.all(
    measuredAt(cluster).map((router) =>
      write(router, door, { drill, client: nameOf(part, attempt, router.name) }, cancelled),
    ),
  );
  return { clients, interrupted: attempt > 1 };
}

const nameOf = (part: string, attempt: number, router: string): string => `${part} ${attempt} ${router}`;

async function write(
  side: WriteSide,
  door: ClientDoor,
  rows: { readonly drill: string; readonly client: string },
  cancelled: AbortSignal,
): Promise<ClientSeen> {
  let line: Line | undefined;
  let last = '';
  let lastMs = performance.now();
  let longestMs = 0;
  const acknowledged: [number, number][] = [];
  let endsMs = Infinity;
  // When it is told to stop it goes on until it is served once more: a silence counts until it ends.
  for (let sequence = 1; !cancelled.aborted || lastMs < endsMs - ONCE_MORE_MS; sequence += 1) {
    if (cancelled.aborted) endsMs = Math.min(endsMs, performance.now() + ONCE_MORE_MS);
    if (performance.now() > endsMs) break;
    try {
      line ??= await openLine({ ...side.writeAddress, ...loginOf(door) }, TRY_WITHIN_MS);
      const by = await inTime(insert(line, door.schema, { ...rows, sequence }));
      const now = performance.now();
      if (last !== '') longestMs = Math.max(longestMs, now - lastMs);
      [last, lastMs] = [by, now];
      extend(acknowledged, sequence);
    } catch {
      line?.destroy();
      line = undefined;
    }
    await pause(WRITE_EVERY_MS);
  }
  line?.destroy();
  if (last === '') return { router: side.name, acknowledged, longestMs: Math.round(performance.now() - lastMs), last };
  return {
    router: side.name,
    acknowledged,
    longestMs: Math.round(Math.max(longestMs, performance.now() - lastMs - WRITE_EVERY_MS)),
    last,
  };
}

const loginOf = ({ user, password, ssl }: ClientDoor) => ({ user, password, ...(ssl && { ssl }) });

/** One row, and the server_uuid of who acknowledged it; in a transaction, so that a proxy that splits reads asks the same server. */
async function insert(
  line: Line,
  schema: string,
  { drill, client, sequence }: { readonly drill: string; readonly client: string; readonly sequence: number },
): Promise<string> {
  await line.query('START TRANSACTION', [], 'objects');
  const [server] = await line.query<{ uuid: string }[]>('SELECT @@global.server_uuid AS uuid', [], 'objects');
  const values = [drill, client, sequence];
  await line.query(
    `INSERT INTO ${quoteName(schema)}.drill_writes (drill, client, sequence) VALUES (?, ?, ?)`,
    values,
    'objects',
  );
  await line.query('COMMIT', [], 'objects');
  return server?.uuid ?? '';
}

/** The driver never settles what a connection was asked that is destroyed. */
async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), TRY_WITHIN_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function extend(ranges: [number, number][], sequence: number): void {
  const open = ranges.at(-1);
  if (open && open[1] === sequence - 1) open[1] = sequence;
  else ranges.push([sequence, sequence]);
}

const BEGIN_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;

/** Until a row of every client stands on the primary. Reads only. Throws PROOF_FAILED with the routers that none came through. */
export async function awaitClients(
  deps: Deps,
  { cluster, drill, part, primary }: ClientsOrder & { readonly primary: string },
): Promise<void> {
  const server = serverNamed(deps, cluster, primary);
  for (const until = performance.now() + BEGIN_WITHIN_MS; ;) {
    const rows = await server.rows<{ client: string }>(
      `SELECT DISTINCT client FROM ${quoteName(cluster.schema)}.drill_writes WHERE drill = ? AND client LIKE ?`,
      [drill, `${part} %`],
    );
    const missing = measuredAt(cluster).filter(({ name }) => !rows.some(({ client }) => client.endsWith(` ${name}`)));
    if (missing.length === 0) return;
    if (performance.now() > until)
      throw new RunbookError({
        code: 'PROOF_FAILED',
        message: `no row of the drill came through ${missing.map(({ name }) => name).join(', ')} to ${primary}`,
        hint: 'Look whether clients can write through it now.',
      });
    await pause(LOOK_EVERY_MS);
  }
}

/** How many rows that a client was told are done are not on the server. Reads only; the server must have applied what it received. */
export async function countLost(
  deps: Deps,
  { cluster, drill, part, primary, seen }: ClientsOrder & { readonly primary: string; readonly seen: Seen },
): Promise<number> {
  const server = serverNamed(deps, cluster, primary);
  let lost = 0;
  for (const { router, acknowledged } of seen.clients) {
    const rows = await server.rows<{ sequence: number }>(
      `SELECT sequence FROM ${quoteName(cluster.schema)}.drill_writes WHERE drill = ? AND client = ?`,
      [drill, nameOf(part, 1, router)],
      { deadlineMs: BEGIN_WITHIN_MS },
    );
    const there = new Set(rows.map(({ sequence }) => sequence));
    for (const [from, to] of acknowledged)
      for (let sequence = from; sequence <= to; sequence += 1) if (!there.has(sequence)) lost += 1;
  }
  return lost;
}
