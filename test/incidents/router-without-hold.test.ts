import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../lab';
import { incident } from './incident';
import { switchOver } from './switching';

test('beside a router that holds stands one that cannot: the primary moves all the same, and the report names it', () =>
  incident({ watched: false }, async (scene) => {
    declareHook(scene.lab);
    const told = await switchOver(scene, { to: 'db2' });
    expect(told).toMatchObject({ outcome: 'done', newPrimary: 'db2', left: [] });
    expect(told.decisions.join('\n')).toContain('door cannot hold connections: from the freeze until');
    expect(readFileSync(stateOf(scene.lab), 'utf8')).toBe('db2');
    await scene.settle({ primary: 'db2' });
  }));

const stateOf = (lab: Lab): string => join(lab.folder, 'door-leads-to');

/** A hook that remembers where it was told to lead, beside the HAProxy that clients really go through. */
function declareHook(lab: Lab): void {
  const hook = join(lab.folder, 'door');
  const state = stateOf(lab);
  writeFileSync(state, 'db1');
  writeFileSync(
    hook,
    `#!/bin/sh
case $HOOK_OPERATION in pointWritesTo) printf %s "$HOOK_TO" >${state};; fence) : >${state};; esac
to=$(cat ${state}); printf '{"writers":[%s],"sessions":{"db1":0,"db2":0,"db3":0}}' "\${to:+\\"$to\\"}"
`,
  );
  chmodSync(hook, 0o755);
  const fleet = parse(readFileSync(lab.inventoryPath, 'utf8')) as {
    clusters: Record<string, { routers: Record<string, unknown>[] }>;
  };
  const { routers = [] } = fleet.clusters[lab.cluster] ?? {};
  routers.push({ kind: 'command', name: 'door', command: [hook], writeAddress: routers[0]?.['writeAddress'] });
  writeFileSync(lab.inventoryPath, stringify(fleet));
}
