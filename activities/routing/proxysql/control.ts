import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type ProxysqlRouter } from '../../../workflows/decisions/router';
import { type RouterControl, type Routing } from '../control';
import { type Admin, disagrees, misconfigured, onAdmin } from './admin';
import { refuseDrafts } from './drafts';
import { memoryStatements, type Wanted } from './memory';
import {
  addressIn,
  addressOf,
  DELAY,
  delayNow,
  live,
  nameOf,
  type ProxysqlState,
  readAgain,
  readProxysql,
  routingOf,
  unvouched,
  usedOn,
} from './state';

interface Change {
  /** Asked again at every look: the monitor may have moved a server meanwhile. */
  readonly wanted: (state: ProxysqlState) => readonly Wanted[];
  /** Shall a ProxySQL that restarts come back like this? */
  readonly keep: boolean;
}

/** One call's conversation with the admin interface. */
interface Talk {
  readonly admin: Admin;
  readonly until: number;
  /** What differed at the last look after something was set: of a deadline that passes then, more is known than a silence. */
  differs: string;
}

const LOOK_AGAIN_AFTER_MS = 2;
/** A LOAD rebuilds all hostgroups and tells every thread of it. */
const LOAD_AGAIN_AFTER_MS = 20;
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

  const within = async <T>(work: (talk: Talk) => Promise<T>): Promise<T> => {
    const until = performance.now() + deadlineMs;
    const seen: { talk?: Talk } = {};
    try {
      return await onAdmin(router, password, until, (admin) => work((seen.talk = { admin, until, differs: '' })));
    } catch (error) {
      const differs = seen.talk?.differs ?? '';
      if (differs !== '' && performance.now() >= until) throw disagrees(router, differs);
      throw error;
    }
  };

  const change = async (talk: Talk, before: ProxysqlState, { wanted, keep }: Change): Promise<ProxysqlState> => {
    const { admin, until } = talk;
    let state = before;
    for (let told = false; ; told = true) {
      const rows = wanted(state);
      const differs = rowsDiffer(router, instances, state, rows);
      const attached = stillAttached(instances, state, rows);
      if (told) talk.differs = differs || attached;
      if (talk.differs !== '' && performance.now() + ANSWER_WITHIN_MS >= until) throw disagrees(router, talk.differs);
      for (const statement of memoryStatements(router, state, rows)) await admin.run(statement);
      if (differs !== '') await admin.run('LOAD MYSQL SERVERS TO RUNTIME');
      else if (attached === '') break;
      else await cut(admin, rows);
      if (told) await pause(differs === '' ? LOOK_AGAIN_AFTER_MS : LOAD_AGAIN_AFTER_MS);
      state = await readAgain(admin, state);
    }
    if (keep) await admin.run('SAVE MYSQL SERVERS TO DISK');
    return state;
  };

  const routing = (state: ProxysqlState): Routing => routingOf(router, instances, state);

  /** OFFLINE_HARD as a writer and, where the monitor would bring it back from there, as a reader. */
  const park = (state: ProxysqlState, at: string): Wanted[] => [
    { hostgroup: writers, at, status: 'OFFLINE_HARD' },
    ...(state.governed && readers !== undefined ? [{ hostgroup: readers, at, status: 'OFFLINE_HARD' } as const] : []),
  ];

  return {
    name: router.name,
    holds: true,

    read: () => within(async ({ admin }) => routing(await readProxysql(admin, router))),

    fence: () =>
      within(async (talk) => {
        const before = await readProxysql(talk.admin, router);
        const doubtful = before.governed ? await unvouched(talk.admin, addressesIn(live(before, readers))) : [];
        const out = new Set(doubtful);
        const wanted = (state: ProxysqlState) => {
          for (const at of writing(state, writers)) out.add(at);
          return [...out].flatMap((at) => park(state, at));
        };
        return routing(await change(talk, before, { wanted, keep: true }));
      }),

    pointWritesTo: (instance) =>
      within(async (talk) => {
        const before = await readProxysql(talk.admin, router);
        refuseUnknown(router, instances, before, [instance]);
        const target = addressOf(instance);
        const out = new Set<string>();
        const wanted = (state: ProxysqlState): Wanted[] => {
          for (const at of writing(state, writers)) if (at !== target) out.add(at);
          return [{ hostgroup: writers, at: target, status: 'ONLINE' }, ...[...out].flatMap((at) => park(state, at))];
        };
        return routing(await change(talk, before, { wanted, keep: true }));
      }),

    hold: (instance) =>
      within(async (talk) => {
        const at = addressOf(instance);
        const before = await readProxysql(talk.admin, router);
        await refuseDrafts(talk.admin, router, before);
        refuseNotWriting(router, instances, before, instance);
        if (before.delay.now !== 0) await setDelay(talk.admin, router, 0);
        const wanted = (): Wanted[] => [{ hostgroup: writers, at, status: 'OFFLINE_SOFT' }];
        // Not kept: a ProxySQL that restarts in the middle must not come back holding for nobody.
        return routing(await drained(talk, await change(talk, before, { wanted, keep: false }), at));
      }),

    release: (instance, settings) =>
      within(async (talk) => {
        const at = addressOf(instance);
        const now = settings[DELAY];
        let before = await readProxysql(talk.admin, router);
        if (now !== undefined && now !== before.delay.now) {
          await setDelay(talk.admin, router, now);
          before = { ...before, delay: { ...before.delay, now } };
        }
        const wanted = (state: ProxysqlState): Wanted[] =>
          live(state, writers).some((row) => row.at === at && row.status === 'OFFLINE_SOFT')
            ? [{ hostgroup: writers, at, status: 'ONLINE' }]
            : [];
        return routing(await change(talk, before, { wanted, keep: false }));
      }),

    pointReadsTo: (instancesToRead) =>
      within(async (talk) => {
        const before = await readProxysql(talk.admin, router);
        if (readers === undefined) return routing(before);
        refuseUnknown(router, instances, before, instancesToRead);
        const to = instancesToRead.map(addressOf);
        const out = new Set<string>();
        const wanted = (state: ProxysqlState): Wanted[] => {
          for (const { at } of live(state, readers)) if (!to.includes(at)) out.add(at);
          return [
            ...to.map((at) => ({ hostgroup: readers, at, status: 'ONLINE' }) as const),
            ...[...out].map((at) => ({ hostgroup: readers, at, status: 'OFFLINE_HARD' }) as const),
          ];
        };
        return routing(await change(talk, before, { wanted, keep: true }));
      }),
  };

  /** Wait a moment for the statements that the hold met. */
  async function drained({ admin, until }: Talk, held: ProxysqlState, at: string): Promise<ProxysqlState> {
    const enough = Math.min(until - ANSWER_WITHIN_MS, performance.now() + DRAIN_WITHIN_MS);
    let state = held;
    while (usedOn(state, writers, at) > 0 && performance.now() < enough) {
      await pause(LOOK_AGAIN_AFTER_MS);
      state = await readAgain(admin, state);
    }
    return state;
  }
}

/**
 * LOAD MYSQL VARIABLES publishes every mysql- variable, so memory is made the running state first. Never saved: after a restart the
 * value of the disk is in force again.
 */
async function setDelay(admin: Admin, router: ProxysqlRouter, statements: number): Promise<void> {
  await admin.run('SAVE MYSQL VARIABLES FROM RUNTIME');
  await admin.run(`UPDATE global_variables SET variable_value = '${statements}' WHERE variable_name = '${DELAY}'`);
  await admin.run('LOAD MYSQL VARIABLES TO RUNTIME');
  const now = await delayNow(admin);
  if (now !== statements) throw disagrees(router, `${DELAY} is ${now}, not ${statements}`);
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

/** Who can write now: servers of the hostgroup, and those that are out of it with a session still on them. */
const writing = (state: ProxysqlState, hostgroup: number): string[] => [
  ...addressesIn(live(state, hostgroup)),
  ...addressesIn(state.pool.filter((row) => row.hostgroup === hostgroup && row.used > 0)),
];

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
  const now = addressesIn(live(state, router.writers));
  if (now.includes(addressOf(instance))) return;
  throw disagrees(
    router,
    `it sends writes to ${now.map((at) => nameOf(instances, at)).join(', ') || 'no server'}, and ${instance.name} is to be held`,
  );
}
