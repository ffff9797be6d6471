// Fail over for real and take a picture of the run in the Temporal Web UI: docs/web-ui.png. Needs chromium.
//   node scripts/record-web-ui.mjs
import { spawnSync } from 'node:child_process';

const run = (program, ...args) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
};
const runbook = (...args) => run('node', 'dist/cli/main.js', ...args);

try {
  run('npm', 'run', '-s', 'demo', '--', '--keep');
  const { temporal, cluster } = JSON.parse(runbook('lab', 'status', '--name', 'demo', '--json'));
  const page = `${temporal.webUi}/namespaces/default/workflows/cluster%2F${cluster}%2Fchange`;
  // The page is drawn by a script that asks for the history: give it time to be there.
  const browser = ['--headless', '--no-sandbox', '--hide-scrollbars', '--virtual-time-budget=15000'];
  run('chromium', ...browser, '--window-size=1440,1100', '--screenshot=docs/web-ui.png', page);
} finally {
  runbook('lab', 'down', '--name', 'demo');
}
