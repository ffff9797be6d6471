// Compile to dist/, then bundle the workflows once, so that a worker starts without webpack.
import { execFileSync } from 'node:child_process';
import { existsSync, chmodSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
process.chdir(root);
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
const bundler = join(root, 'dist', 'workers', 'bundle.js');
if (existsSync(bundler)) execFileSync(process.execPath, [bundler], { stdio: 'inherit' });
const main = join(root, 'dist', 'cli', 'main.js');
if (existsSync(main)) chmodSync(main, 0o755);
