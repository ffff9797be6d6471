import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scheduledId } from '../../workflows/messages';
import { compileCli, type Ended, runbook } from '../cli/compiled';
import { instance } from '../decisions/members';
import { eventually } from '../support/wait';
import { movable } from './moving';
import { type Played, Stage, touched } from './stage';

/** The command line as people type it, on a real Temporal; no inventory lies here, as on a laptop. */
const stage = new Stage();
let compiled: string;
let cwd: string;
beforeAll(async () => {
  compiled = compileCli();
  cwd = mkdtempSync(join(tmpdir(), 'runbook-cwd-'));
  await stage.open();
});
afterAll(async () => {
  await stage.close();
  for (const folder of [compiled, cwd]) rmSync(folder, { recursive: true });
});

const type = (line: string): Promise<Ended> =>
  runbook(compiled, line.split(' '), { cwd, env: { TEMPORAL_ADDRESS: stage.address } });
const placed = (): Played => {
  const instances = Object.entries({ db1: 'a', db2: 'a', db3: 'b' }).map(([name, datacentre]) =>
    instance(name, { datacentre, adminPort: 33_062 }),
  );
  return stage.put(movable(undefined, undefined, { instances }));
};

test.each(['plan plannedSwitchover', 'start plannedSwitchover --dry-run'])(
  '%s: shows who of the datacentre would be the primary, and changes nothing',
  async (command) => {
    const played = placed();
    const { code, stdout } = await type(`${command} --cluster ${played.cluster} --datacentre b`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/plannedSwitchover of .+: planned\nmove the primary of .+ from db1 to db3\n/);
    expect(stdout).toMatch(/db3 applies the rest and takes writes/);
    expect(touched(played.calls)).toEqual([]);
  },
);

test('a datacentre that nobody is in is refused with those that are known', async () => {
  const { code, stdout } = await type(`plan plannedSwitchover --cluster ${placed().cluster} --datacentre dc2`);
  expect(code).toBe(3);
  expect(stdout).toMatch(/no instance of .+ is in datacentre dc2: name one of a, b\n/);
});

test('started for a time: list and status show that it waits, a second one is refused, pause and resume are heard, and cancel calls it off', async () => {
  const played = placed();
  const begin = `start plannedSwitchover --cluster ${played.cluster} --to db2 --at 2999-01-01T00:00:00Z`;
  const waiting = type(`${begin} --wait`);
  const id = scheduledId(played.cluster);
  await eventually('it is listed as one that waits', async () =>
    (await type(`list --running --cluster ${played.cluster}`)).stdout.match(`${id} +plannedSwitchover +running: wait`),
  );
  expect((await type(`status ${played.cluster}`)).stdout).toMatch(
    `waits until 2999-01-01T00:00:00Z (ordered for 2999-01-01T00:00:00Z) and looks at everything anew then; cancel it to call it off: runbook cancel ${id}`,
  );
  expect(await type(begin)).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/waits for its time already, since .+`runbook cancel /) as string,
  });
  const calledOff = 'Called off by ada@example.com: later, nothing was changed';
  expect((await type(`pause ${played.cluster} --as ada@example.com`)).stdout).toMatch(/^paused before its next step/);
  expect((await type(`resume ${played.cluster} --as ada@example.com`)).stdout).toBe('resumed by ada@example.com\n');
  expect(await type(`cancel ${played.cluster} --as ada@example.com --reason later`)).toMatchObject({
    code: 0,
    stdout: `${calledOff}.\n`,
  });
  const ended = await waiting;
  expect(ended.code).toBe(4);
  expect(ended.stdout).toContain('plannedSwitchover of');
  expect(ended.stdout).toContain(calledOff);
  expect((await type(`report ${id}`)).stdout).toMatch(/^# plannedSwitchover of .+: rejected/);
  const drawing = join(cwd, 'run.svg');
  await type(`report ${id} --svg ${drawing}`);
  expect(readFileSync(drawing, 'utf8')).toContain(`plannedSwitchover of ${played.cluster}: rejected`);
  expect(touched(played.calls)).toEqual([]);
});
