import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';

const ROOT = join(__dirname, '../..');
const PARTS = ['cli', 'activities', 'workflows', 'lab', 'workers'];

/** The command line as users get it, compiled without type checks into a folder of its own (under half a second). */
export function compileCli(): string {
  const out = mkdtempSync(join(tmpdir(), 'runbook-cli-'));
  symlinkSync(join(ROOT, 'node_modules'), join(out, 'node_modules'));
  symlinkSync(join(ROOT, 'package.json'), join(out, 'package.json'));
  for (const part of PARTS) {
    for (const file of readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const target = join(out, part, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, compile(join(ROOT, part, file)));
    }
  }
  return out;
}

const compile = (file: string) =>
  transformFileSync(file, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs', ignoreDynamic: true, exportInteropAnnotation: true },
  }).code;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `runbook` in `cwd`, with nothing of this machine's settings that could change what it says. */
export function runbook(
  compiled: string,
  parameters: readonly string[],
  settings: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: settings.cwd, NO_COLOR: '1', ...settings.env };
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(compiled, 'cli/main.js'), ...parameters],
      { cwd: settings.cwd, env },
      (error, stdout, stderr) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
      },
    );
  });
}
