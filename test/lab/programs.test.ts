import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed, withLock } from '../../lab/programs/cache';
import { isAlive, markOf } from '../../lab/processes';
import { silent } from '../../lab/programs/progress';

const cacheBefore = process.env['RUNBOOK_CACHE'];
let cache = '';

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'mrt-cache-'));
  process.env['RUNBOOK_CACHE'] = cache;
});

afterEach(() => {
  rmSync(cache, { recursive: true });
  if (cacheBefore === undefined) delete process.env['RUNBOOK_CACHE'];
  else process.env['RUNBOOK_CACHE'] = cacheBefore;
});

test('two that want the same program at once build it once', async () => {
  let builds = 0;
  const build = async (into: string) => {
    builds += 1;
    await Promise.resolve();
    writeFileSync(join(into, 'program'), 'ready');
  };
  const homes = await Promise.all([installed('tool', silent, build), installed('tool', silent, build)]);
  expect(builds).toBe(1);
  expect(homes.map((home) => readFileSync(join(home, 'program'), 'utf8'))).toEqual(['ready', 'ready']);
});

test('a build that fails is not taken for a program, and the next one finds its partial download', async () => {
  const broken = installed('tool', silent, (_into, scratch) => {
    writeFileSync(join(scratch, 'half'), 'x');
    return Promise.reject(new Error('cut off'));
  });
  await expect(broken).rejects.toThrow('cut off');
  expect(existsSync(join(cache, 'tool'))).toBe(false);

  await installed('tool', silent, (_into, scratch) => {
    expect(readdirSync(scratch)).toEqual(['half']);
    return Promise.resolve();
  });
  expect(readdirSync(cache)).toEqual(['tool']);
});

test('the lock of a process that is gone is broken, also when its pid lives again', async () => {
  const lock = join(cache, 'tool.lock');
  writeFileSync(lock, JSON.stringify({ pid: process.pid, startedAt: '1' }));
  expect(await withLock(lock, silent, () => Promise.resolve('held'))).toBe('held');
  expect(existsSync(lock)).toBe(false);
});

test('a process is known by its start, not by its pid alone', () => {
  const self = markOf(process.pid);
  expect(isAlive(self)).toBe(true);
  expect(isAlive({ ...self, startedAt: '1' })).toBe(false);
});
