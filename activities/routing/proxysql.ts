import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Instance, type ProxysqlRouter } from '../../workflows/decisions/cluster';
import { type RouterControl, type Routing } from './control';
import { type Admin, disagrees, misconfigured, onAdmin } from './proxysql-admin';
import { refuseDrafts } from './proxysql-drafts';
import { memoryStatements, type Wanted } from './proxysql-memory';
import {
  addressIn,
  addressOf,
  DELAY,
  live,
  nameOf,
  type ProxysqlState,
  readProxysql,
  routingOf,
  unvouched,
  usedOn,
} from './proxysql-state';

interface Change {
  /** Asked again at every look: the monitor may have moved a server meanwhile. */
  readonly wanted: (state: ProxysqlState) => readonly Wanted[];
  /** Shall a ProxySQL that restarts come back like this? */
  readonly keep: boolean;
}

const LOOK_AGAIN_AFTER_MS = 2;
/** So long before the deadline no further question is begun: a router that answers otherwise is not one that does not answer. */
const ANSWER_WITHIN_MS = 20;
/** Statements that run when a hold begins end within 2–90 ms on a busy primary; who is still pinned then is in a transaction. */
const DRAIN_WITHIN_MS = 100;

/**
 * ProxySQL 2.x by its admin interface. `sessions` counts ConnUsed of stats_mysql_connection_pool: connections to a server on which a
 * statement runs now or to which a session is pinned (a transaction, a lock, a user variable, a temporary table, the statements after
 * an AUTO_INCREMENT insert). Clients that are connected and idle hold none, and are not counted.
 *
 * OFFLINE_HARD fences: no statement can be sent to the server any more, and what runs there is broken off. OFFLINE_SOFT holds: pinned
 * sessions go on, other statements wait up to mysql-connect_timeout_server_max. A statement for a hostgroup without a server
 * waits as long, then fails with 9001: behind a fence clients wait before they are told.
 *
 * The read_only monitor (mysql_replication_hostgroups) makes every server with read_only=0 that it knows in either hostgroup a writer,
 * also one whose writer row is OFFLINE_HARD while its reader row is not. A server that is OFFLINE_HARD in both is neither asked nor
 * known, so whoever shall not write again stands so in both until reads are pointed at it.
 * Source: ProxySQL documentation, "Main (runtime)", "Multi layer configuration system", "MySQL Monitoring"; its issues 789, 1817, 3186.
 */
export function controlProxysql(
  router: ProxysqlRouter,
  instances: readonly Instance[],
  deadlineMs: number,
  password: () => Promise<string>,
): RouterControl {
  const { writers, readers } = router;

  const within = <T>(work: (admin: Admin, until: number) => Promise<T>): Promise<T> => {
    const until = performance.now() + deadlineMs;
    return onAdmin(router, password, until, (admin) => work(admin, until));
  };

  const change = async (admin: Admin, until: number, { wanted, keep }: Change): Promise<Routing> => {
    let state = await readProxysql(admin, router);
    for (let told = false; ; told = true) {
      const rows = wanted(state);
      const differs = rowsDiffer(router, instances, state, rows);
      const attached = stillAttached(instances, state, rows);
      if (told && differs + attached !== '' && performance.now() + ANSWER_WITHIN_MS >= until)
        throw disagrees(router, differs || attached);
      for (const statement of memoryStatements(router, state, rows)) await admin.run(statement);
      if (differs !== '') await admin.run('LOAD MYSQL SERVERS TO RUNTIME');
      else if (attached === '') break;
      else await cut(admin, rows);
      if (told) await pause(LOOK_AGAIN_AFTER_MS);
      state = await readProxysql(admin, router);
    }
    if (keep) await admin.run('SAVE MYSQL SERVERS TO DISK');
    return routingOf(router, instances, state);
  };

  /** OFFLINE_HARD as a writer and, where the monitor would bring it back from there, as a reader. */
  const park = (state: ProxysqlState, at: string): Wanted[] => [
    { hostgroup: writers, at, status: 'OFFLINE_HARD' },
    ...(state.governed && readers !== undefined ? [{ hostgroup: readers, at, status: 'OFFLINE_HARD' } as const] : []),
  ];

  return {
    name: router.name,

    read: () => within(async (admin) => routingOf(router, instances, await readProxysql(admin, router))),

    fence: () =>
      within(async (admin, until) => {
        const before = await readProxysql(admin, router);
        const doubtful = before.governed ? await unvouched(admin, addressesIn(live(before, readers))) : [];
        const out = new Set(doubtful);
        return change(admin, until, {
          wanted: (state) => {
            for (const { at } of live(state, writers)) out.add(at);
            for (const at of attachedTo(state, writers)) out.add(at);
            return [...out].flatMap((at) => park(state, at));
          },
          keep: true,
        });
      }),

    pointWritesTo: (instance) =>
      within(async (admin, until) => {
        const target = addressOf(instance);
        refuseUnknown(router, instances, await readProxysql(admin, router), [instance]);
        const out = new Set<string>();
        return change(admin, until, {
          wanted: (state) => {
            for (const { at } of live(state, writers)) out.add(at);
            for (const at of attachedTo(state, writers)) out.add(at);
            out.delete(target);
            return [{ hostgroup: writers, at: target, status: 'ONLINE' }, ...[...out].flatMap((at) => park(state, at))];
          },
          keep: true,
        });
      }),

    hold: (instance) =>
      within(async (admin, until) => {
        const at = addressOf(instance);
        const state = await readProxysql(admin, router);
        await refuseDrafts(admin, router, state);
        refuseNotWriting(router, instances, state, instance);
        if (state.delay.now !== 0) await setDelay(admin, 0);
        // Not kept: a ProxySQL that restarts in the middle must not come back holding for nobody.
        const held = await change(admin, until, {
          wanted: () => [{ hostgroup: writers, at, status: 'OFFLINE_SOFT' }],
          keep: false,
        });
        return (await drained(admin, until, at)) ?? held;
      }),

    release: (instance, settings) =>
      within(async (admin, until) => {
        const at = addressOf(instance);
        const delay = settings[DELAY];
        const before = await readProxysql(admin, router);
        if (delay !== undefined && delay !== before.delay.now) await setDelay(admin, delay);
        return change(admin, until, {
          wanted: (state) =>
            live(state, writers).some((row) => row.at === at && row.status === 'OFFLINE_SOFT')
              ? [{ hostgroup: writers, at, status: 'ONLINE' }]
              : [],
          keep: false,
        });
      }),

    pointReadsTo: (wanted) =>
      within(async (admin, until) => {
        const before = await readProxysql(admin, router);
        if (readers === undefined) return routingOf(router, instances, before);
        refuseUnknown(router, instances, before, wanted);
        const to = wanted.map(addressOf);
        const out = new Set<string>();
        return change(admin, until, {
          wanted: (state) => {
            for (const { at } of live(state, readers)) if (!to.includes(at)) out.add(at);
            return [
              ...to.map((at) => ({ hostgroup: readers, at, status: 'ONLINE' }) as const),
              ...[...out].map((at) => ({ hostgroup: readers, at, status: 'OFFLINE_HARD' }) as const),
            ];
          },
          keep: true,
        });
      }),
  };

  /** Wait a moment for the statements that the hold met; undefined when its time was over before the first look. */
  async function drained(admin: Admin, until: number, at: string): Promise<Routing | undefined> {
    const enough = Math.min(until - ANSWER_WITHIN_MS, performance.now() + DRAIN_WITHIN_MS);
    let routing: Routing | undefined;
    while (performance.now() < enough) {
      const state = await readProxysql(admin, router);
      routing = routingOf(router, instances, state);
      if (usedOn(state, writers, at) === 0) break;
      await pause(LOOK_AGAIN_AFTER_MS);
    }
    return routing;
  }
}

/**
 * LOAD MYSQL VARIABLES publishes every mysql- variable, so memory is made the running state first. Never saved: after a restart the
 * value of the disk is in force again.
 */
async function setDelay(admin: Admin, statements: number): Promise<void> {
  await admin.run('SAVE MYSQL VARIABLES FROM RUNTIME');
  await admin.run(`UPDATE global_variables SET variable_value = '${statements}' WHERE variable_name = '${DELAY}'`);
  await admin.run('LOAD MYSQL VARIABLES TO RUNTIME');
}

/** ProxySQL breaks off what runs on an OFFLINE_HARD server as soon as its threads look; sessions that are idle in a transaction are ended by us. */
async function cut(admin: Admin, wanted: readonly Wanted[]): Promise<void> {
  for (const session of await admin.rows(
    'SELECT SessionID, hostgroup, srv_host, srv_port FROM stats_mysql_processlist',
  )) {
    const out = wanted.some(
      ({ hostgroup, at, status }) =>
        status === 'OFFLINE_HARD' &&
        hostgroup === Number(session['hostgroup']) &&
        at === addressIn(session, 'srv_host', 'srv_port'),
    );
    if (out) await admin.run(`KILL CONNECTION ${Number(session['SessionID'])}`);
  }
}

const addressesIn = (rows: readonly { readonly at: string }[]): string[] => rows.map(({ at }) => at);

const attachedTo = ({ pool }: ProxysqlState, hostgroup: number): string[] =>
  addressesIn(pool.filter((row) => row.hostgroup === hostgroup && row.used > 0));

/** What still differs from the wanted rows at run time, '' when nothing does. */
function rowsDiffer(
  router: ProxysqlRouter,
  instances: readonly Instance[],
  state: ProxysqlState,
  wanted: readonly Wanted[],
): string {
  return wanted
    .map(({ hostgroup, at, status }) => {
      const now = live(state, hostgroup).find((row) => row.at === at)?.status ?? 'OFFLINE_HARD';
      // A reader that lags or fails is shunned by ProxySQL and comes back by itself; a writer must be there now.
      const well = now === status || (status === 'ONLINE' && now === 'SHUNNED' && hostgroup === router.readers);
      return well ? '' : `${nameOf(instances, at)} is ${now} in hostgroup ${hostgroup}, not ${status}`;
    })
    .filter((difference) => difference !== '')
    .join(', ');
}

function stillAttached(instances: readonly Instance[], state: ProxysqlState, wanted: readonly Wanted[]): string {
  return wanted
    .filter(({ hostgroup, at, status }) => status === 'OFFLINE_HARD' && usedOn(state, hostgroup, at) > 0)
    .map(
      ({ hostgroup, at }) =>
        `${nameOf(instances, at)} still has ${usedOn(state, hostgroup, at)} sessions in hostgroup ${hostgroup}`,
    )
    .join(', ');
}

function refuseUnknown(
  router: ProxysqlRouter,
  instances: readonly Instance[],
  { runtime, memory }: ProxysqlState,
  wanted: readonly Instance[],
): void {
  const ours = [...runtime, ...memory].filter(({ hostgroup }) => [router.writers, router.readers].includes(hostgroup));
  const missing = wanted.filter((instance) => !ours.some(({ at }) => at === addressOf(instance)));
  if (missing.length === 0) return;
  throw misconfigured(
    router,
    `it has no server ${missing.map((one) => `${one.name} (${addressOf(one)})`).join(', ')} in its hostgroups ${[router.writers, router.readers].filter((one) => one !== undefined).join(' and ')}; it has ${[...new Set(addressesIn(ours))].map((at) => nameOf(instances, at)).join(', ')}`,
    'INSERT it into mysql_servers with the host and port of the inventory, then LOAD MYSQL SERVERS TO RUNTIME.',
  );
}

function refuseNotWriting(
  router: ProxysqlRouter,
  instances: readonly Instance[],
  state: ProxysqlState,
  instance: Instance,
): void {
  const writing = addressesIn(live(state, router.writers));
  if (writing.includes(addressOf(instance))) return;
  throw disagrees(
    router,
    `it sends writes to ${writing.map((at) => nameOf(instances, at)).join(', ') || 'no server'}, and ${instance.name} is to be held`,
  );
}
