import { setTimeout as pause } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Deps, knownInstance } from '../activities/deps';
import { startInstance } from '../activities/hosts/start';
import { withClientFile } from '../activities/mysql/client-file';
import { programNamed, throughProgram } from '../activities/programs/through';
import { cloneFrom, type CloneOrder } from '../activities/provision/clone';
import { dumpInto } from '../activities/provision/logical';
import { openRecipient } from '../activities/provision/recipient';
import { type Lab } from '../lab';
import { onLab } from './on-lab';
import { spread, type Spread } from './statistics';

export const PROVISION_CASES = ['clone', 'logical'] as const;
export type ProvisionBench = (typeof PROVISION_CASES)[number];

export interface ProvisionCase extends Spread {
  readonly case: string;
  readonly runs: number;
  readonly megabytes: number;
}

const RECIPIENT = 'db3';
const DONOR = 'db2';
const TABLES = 8;

/**
 * How long a server takes to be filled, ours and the bare tool in turn, on the same data: CLONE until the server answers on its new data;
 * a dump until it is loaded.
 */
export async function benchProvision(
  only: readonly ProvisionBench[],
  runs: number,
  megabytes: number,
  onRun: (line: string) => void,
): Promise<ProvisionCase[]> {
  return onLab({}, async ({ lab, cluster, deps }) => {
    const order = { cluster, instance: RECIPIENT, donor: DONOR, primary: 'db1' };
    await fillTables(lab, megabytes);
    const results: ProvisionCase[] = [];
    for (const name of only) {
      const times: Record<'ours' | 'bare', number[]> = { ours: [], bare: [] };
      for (let run = 1; run <= runs; run += 1)
        for (const who of ['bare', 'ours'] as const) {
          const { since } = await openRecipient(deps, order);
          if (name === 'logical') await lab.rows(RECIPIENT, 'DROP DATABASE IF EXISTS shop');
          const begun = performance.now();
          await WORK[name][who](deps, { ...order, since }, lab);
          times[who].push(performance.now() - begun);
          onRun(`${name}, ${who} ${run}: ${Math.round(times[who].at(-1) ?? 0)} ms`);
        }
      const of = (suffix: string, all: readonly number[]) => ({
        ...{ case: `${name}${suffix}`, runs, megabytes },
        ...spread(all),
      });
      results.push(of('', times.ours), of('-bare-tool', times.bare));
    }
    return results;
  });
}

type Work = (deps: Deps, order: CloneOrder, lab: Lab) => Promise<unknown>;

const WORK: Readonly<Record<ProvisionBench, Readonly<Record<'ours' | 'bare', Work>>>> = {
  clone: { ours: cloneFrom, bare: bareClone },
  logical: { ours: dumpInto, bare: pipedDump },
};

/** As somebody types it, with the start of the server that it ends. */
async function bareClone(deps: Deps, { cluster, instance, donor }: CloneOrder, lab: Lab): Promise<void> {
  const { host, port } = knownInstance(cluster, donor);
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  const recipient = deps.servers.of(cluster, knownInstance(cluster, instance));
  await lab.rows(instance, 'SET GLOBAL clone_valid_donor_list = ?', [`${host}:${port}`]);
  await lab.rows(instance, 'SET GLOBAL clone_max_data_bandwidth = 0');
  const copier = deps.servers.of(
    { ...cluster, name: 'bare', accounts: { ...cluster.accounts, admin: account } },
    knownInstance(cluster, instance),
  );
  await copier
    .run(
      `CLONE INSTANCE FROM ?@?:${port} IDENTIFIED BY ? REQUIRE SSL`,
      [account.user, host, await deps.secret(account.password)],
      { deadlineMs: 3_600_000 },
    )
    .catch(() => undefined);
  for (;;) {
    await startInstance(deps, cluster, instance, 3_600);
    // It still answers for a moment while it is stopping.
    const state = await recipient.value('SELECT STATE FROM performance_schema.clone_status').catch(() => null);
    if (state === 'Completed') return;
    if (state === 'Failed') throw new Error('the bare CLONE failed');
    await pause(100);
  }
}

/** `mysqldump | mysql`, one session at either end. */
async function pipedDump(deps: Deps, { cluster, instance, donor }: CloneOrder): Promise<void> {
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  const login = (name: string) => ({ cluster, instance: knownInstance(cluster, name), account });
  await withClientFile(deps, login(donor), (from) =>
    withClientFile(deps, login(instance), async (to) => {
      const dump = throughProgram([
        ...[
          programNamed('mysqldump'),
          `--defaults-extra-file=${from}`,
          '--single-transaction',
          '--set-gtid-purged=OFF',
        ],
        ...['--no-tablespaces', '--hex-blob', '--routines', '--triggers', '--events', '--databases', 'shop'],
      ]);
      const load = throughProgram(
        [
          ...[programNamed('mysql'), `--defaults-extra-file=${to}`, '--binary-mode', '--max-allowed-packet=1G'],
          '--init-command=SET SESSION sql_log_bin = 0',
        ],
        { input: dump },
      );
      await pipeline(load, new Writable({ write: (_chunk, _encoding, done) => done() }));
    }),
  );
}

/** Rows of some 250 bytes with two indexes, as applications have them. */
export async function fillTables(lab: Lab, megabytes: number): Promise<void> {
  const rows = Math.ceil((megabytes * 1e6) / 300 / TABLES);
  for (let table = 1; table <= TABLES; table += 1) {
    const name = `shop.bench${table}`;
    await lab.rows(
      'db1',
      `CREATE TABLE ${name} (id INT PRIMARY KEY AUTO_INCREMENT, customer INT, note VARCHAR(250), KEY (customer), KEY (note(20)))`,
    );
    await lab.rows('db1', `INSERT INTO ${name} (customer, note) VALUES (1, REPEAT('x', 200))`);
    for (let have = 1; have < rows; have *= 2)
      await lab.rows(
        'db1',
        `INSERT INTO ${name} (customer, note) SELECT RAND() * 100000, HEX(RANDOM_BYTES(100)) FROM ${name} LIMIT ${Math.min(have, rows - have)}`,
      );
  }
  const wanted = String(await lab.value('db1', 'SELECT @@global.gtid_executed'));
  await lab.value(DONOR, 'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, 600)', [wanted]);
}
