import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLab, type Lab, type LabOptions } from '../../lab';

/**
 * One lab for a test file: `const lab = withLab({ replicas: 1 });` and then `lab()` inside the tests. It stands in a folder
 * of its own with ports of its own, and its processes die with the test process, whatever way that dies.
 */
export function withLab(options: LabOptions = {}): () => Lab {
  let lab: Lab | undefined;
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mrt-'));
    lab = await startLab({ name: 'test', lifetime: 'starter', ...options, folder: join(folder, 'lab') });
  }, 600_000); // the first run on a machine installs MySQL
  afterAll(async () => {
    await lab?.down();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);
  return () => {
    if (!lab) throw new Error('the lab did not start; see the error of beforeAll');
    return lab;
  };
}

/** A lab for one test, taken down at its end also when it fails. */
export async function inLab<Result>(options: LabOptions, work: (lab: Lab) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mrt-'));
  const lab = await startLab({ name: 'test', lifetime: 'starter', ...options, folder: join(folder, 'lab') });
  try {
    return await work(lab);
  } finally {
    await lab.down();
    rmSync(folder, { recursive: true, force: true });
  }
}
