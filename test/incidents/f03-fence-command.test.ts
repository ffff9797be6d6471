import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../lab';
import { isAlive } from '../../lab/processes';
import { eventually } from '../support/wait';
import { incident } from './incident';

test('F3: without a router the fence command takes the hung primary its power, and that is the proof', () =>
  incident({ router: 'none', durability: 'async' }, async ({ lab, faults, report }) => {
    declareFenceCommand(lab);
    faults.hang('db1');
    const told = await report();
    expect(told.outcome).toBe('done');
    expect(told.fenceProofs).toEqual(['the fence command of db1 succeeded: db1 has no power']);
    await eventually('db1 is gone', () => !isAlive(lab.server('db1')));
    expect(told.rto).not.toBeNull();
  }));

/** As somebody would who has a power switch with a command line. The worker reads the changed file at its next look. */
function declareFenceCommand(lab: Lab): void {
  const fleet = parse(readFileSync(lab.inventoryPath, 'utf8')) as {
    clusters: Record<string, { instances: Record<string, unknown>[] }>;
  };
  const db1 = fleet.clusters[lab.cluster]?.instances[0];
  if (!db1) throw new Error('db1 is not in the inventory');
  db1['fenceCommand'] = ['/bin/sh', '-c', `kill -9 ${lab.server('db1').pid}; echo db1 has no power`];
  writeFileSync(lab.inventoryPath, stringify(fleet));
}
