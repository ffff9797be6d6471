import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { RunbookError } from '../../activities/errors';
import { cacheFolder, installed, sizeOf } from './cache';
import { megabytes, phase, type Progress, silent } from './progress';
import { isExecutable, onPath, runTool } from './tool';

/** Later tags carry replace directives, which `go install` refuses. */
const VERSION = '1.5.1';
const CACHE_NAME = `temporal-${VERSION}`;

/** The Temporal CLI: `TEMPORAL_CLI_PATH`, else PATH, else the cache, else the SDK's own download, else built with Go. */
export async function findTemporal(progress: Progress = silent): Promise<string> {
  const given = process.env['TEMPORAL_CLI_PATH'] ?? onPath('temporal');
  if (given) return given;
  const program = (home: string) => join(home, 'temporal');
  if (isExecutable(program(join(cacheFolder(), CACHE_NAME)))) return program(join(cacheFolder(), CACHE_NAME));

  const home = await installed(CACHE_NAME, progress, async (into, scratch) => {
    progress('Installing Temporal into the cache (once)');
    const downloaded = await download(scratch, progress).catch((error: unknown) => {
      progress(`  the download cannot be had here (${(error as Error).message}); building with Go instead`);
      return undefined;
    });
    copyFileSync(downloaded ?? (await build(scratch, progress)), program(into));
    chmodSync(program(into), 0o755);
  });
  return program(home);
}

/** Without a byte for this long there is no way to the download. */
const SILENCE_MS = 8000;

/**
 * The SDK downloads the server that it was tested with, but only as part of starting it; it runs in a process of its own
 * so that a download that stands still can be given up.
 */
async function download(scratch: string, progress: Progress): Promise<string> {
  const folder = join(scratch, 'sdk');
  mkdirSync(folder, { recursive: true });
  const script = `
    const { TestWorkflowEnvironment } = require(process.argv[1]);
    TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir: process.argv[2] } } })
      .then((environment) => environment.teardown())
      .then(() => process.exit(0), (error) => { console.error(String(error.message).split('\\n')[0]); process.exit(1); });`;
  const args = ['-e', script, require.resolve('@temporalio/testing'), folder];
  await phase(
    progress,
    '  downloading (by the SDK)',
    () => runWhileGrowing(args, folder),
    () => megabytes(sizeOf(folder)),
  );
  const file = readdirSync(folder)
    .map((name) => join(folder, name))
    .find(isExecutable);
  if (!file) throw new Error('the SDK left no program');
  return file;
}

function runWhileGrowing(args: readonly string[], folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    let size = 0;
    let grewAt = Date.now();
    const watch = setInterval(() => {
      const now = sizeOf(folder);
      if (now > size) grewAt = Date.now();
      size = now;
      if (Date.now() - grewAt > SILENCE_MS) {
        words = `not a byte in ${SILENCE_MS / 1000} s`;
        child.kill('SIGKILL');
      }
    }, 250);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words ||= text.trim().slice(0, 200)));
    child.on('error', reject).on('close', (code) => {
      clearInterval(watch);
      if (code === 0) resolve();
      else reject(new Error(words || `ended with code ${String(code)}`));
    });
  });
}

/** Some minutes on two cores. The module and build caches stay for a second try; the settings of the user's Go hold. */
async function build(scratch: string, progress: Progress): Promise<string> {
  const go = onPath('go') ?? (isExecutable('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : undefined);
  if (!go) throw notInstallable('Temporal can be neither downloaded nor built here: there is no Go');
  const env = {
    ...process.env,
    GOBIN: join(scratch, 'bin'),
    GOPATH: process.env['GOPATH'] ?? join(scratch, 'go'),
    GOFLAGS: `${process.env['GOFLAGS'] ?? ''} -modcacherw`.trim(),
  };
  let modules = 0; // go says one line for each that it fetches; measuring its caches would cost more than it tells
  const onLine = (line: string) => (modules += line.startsWith('go: downloading') ? 1 : 0);
  const measure = () => `${modules} modules fetched`;
  const tool = `github.com/temporalio/cli/cmd/temporal@v${VERSION}`;
  await phase(
    progress,
    '  building with Go (some minutes)',
    () => runTool(go, ['install', tool], { env, onLine }),
    measure,
  ).catch((cause: unknown) => {
    throw notInstallable(`Temporal could not be built: ${(cause as Error).message}`, cause);
  });
  const program = join(scratch, 'bin', 'temporal');
  if (!existsSync(program)) throw notInstallable('Go built no Temporal program');
  return program;
}

const notInstallable = (message: string, cause?: unknown): RunbookError =>
  new RunbookError({
    code: 'TOOL_MISSING',
    message,
    hint: 'Install the Temporal CLI so that `temporal` stands on PATH (or set TEMPORAL_CLI_PATH), or install Go 1.24 or newer.',
    cause,
  });
