import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileCli, runbook } from './compiled';

const FLEET = `clusters:
  orders:
    durability: async
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts: { admin: { user: a, password: { env: ADMIN } }, replication: { user: r, password: { env: REPL } } }
people:
  - { name: ana@example.com, roles: [operator, approver] }
  - { name: ben@example.com, roles: [approver] }
  - { name: vic@example.com, roles: [viewer] }
`;
const START = 'start emergencyFailover --cluster orders';
const PLAN = 'plan emergencyFailover --cluster orders';

let compiled: string;
let cwd: string;
beforeAll(() => {
  compiled = compileCli();
  cwd = mkdtempSync(join(tmpdir(), 'runbook-roles-'));
  writeFileSync(join(cwd, 'fleet.yaml'), FLEET);
  writeFileSync(join(cwd, 'nobody.yaml'), FLEET.replace(/people:[^]*/, ''));
});
afterAll(() => [compiled, cwd].forEach((folder) => rmSync(folder, { recursive: true })));

/** Nothing listens there: whoever is let through comes as far as this. */
const LET_THROUGH = /Temporal does not answer/;
const run = (line: string, env: NodeJS.ProcessEnv = {}) =>
  runbook(compiled, line.split(' '), { cwd, env: { TEMPORAL_ADDRESS: '127.0.0.1:1', ...env } });

test.each([
  ['an operator starts', `${START} --as ana@example.com`, {}],
  ['a name is compared as people write it', `${START} --as ANA@Example.com`, {}],
  ['RUNBOOK_AS names who asks', START, { RUNBOOK_AS: 'ana@example.com' }],
  ['--as goes before RUNBOOK_AS', `${START} --as ana@example.com`, { RUNBOOK_AS: 'vic@example.com' }],
  ['everybody who is named may look at a plan', `${PLAN} --as vic@example.com`, {}],
  ['an operator watches', 'watch start orders --as ana@example.com', {}],
  ['where nobody is named everybody may', `${START} --inventory nobody.yaml`, {}],
])('%s', async (_, line, env) => {
  expect(await run(line, env)).toMatchObject({ code: 1, stderr: expect.stringMatching(LET_THROUGH) as string });
});

test.each([
  [
    'an approver is no operator',
    `${START} --as ben@example.com`,
    /ben@example.com may not do this; ana@example.com may.*role operator/s,
  ],
  ['nor is a viewer', `watch stop orders --as vic@example.com`, /vic@example.com may not do this/],
  [
    'a stranger may not start',
    `${START} --as mallory`,
    /names nobody "mallory"; ana@example.com may.*--as NAME or RUNBOOK_AS/s,
  ],
  ['nor whoever is logged in here', START, /names nobody/],
  ['nor look at a plan', `${PLAN} --as mallory`, /names nobody/],
])('%s: refused before anything is asked of Temporal', async (_, line, words) => {
  expect(await run(line)).toMatchObject({ code: 3, stderr: expect.stringMatching(words) as string });
});
