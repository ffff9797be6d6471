// Run the demo for real and draw what it printed as a picture: docs/demo.svg.
//   node scripts/record-demo.mjs
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const run = spawnSync('npm', ['run', '-s', 'demo'], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
if (run.status !== 0) {
  process.stderr.write(run.stdout + run.stderr);
  process.exit(1);
}
const COLUMNS = 150;
const wrap = (line) => {
  const rows = [];
  let rest = line;
  const indent = /^( *\d+ ms {2}|  left to do: )/.test(line) ? '         ' : '';
  while (rest.length > COLUMNS) {
    const cut = rest.lastIndexOf(' ', COLUMNS);
    rows.push(rest.slice(0, cut));
    rest = indent + rest.slice(cut + 1);
  }
  return [...rows, rest];
};
const lines = ['$ npm run demo', ...run.stdout.trimEnd().split('\n')].flatMap(wrap);
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const colour = (line) => {
  if (/^\s+\d+ ms {2}kill -9/.test(line)) return '#ff7b72';
  if (/first write acknowledged/.test(line) || /^RTO /.test(line)) return '#7ee787';
  if (/^\$ /.test(line)) return '#79c0ff';
  if (/left to do:|: done in|…$/.test(line)) return '#8b949e';
  return '#e6edf3';
};
const [width, row, top] = [COLUMNS * 7.3 + 32, 18, 44];
const height = top + lines.length * row + 16;
const text = lines.map(
  (line, at) => `<text x="16" y="${top + at * row}" fill="${colour(line)}" xml:space="preserve">${escape(line)}</text>`,
);
writeFileSync(
  'docs/demo.svg',
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/><circle cx="36" cy="16" r="5" fill="#febc2e"/><circle cx="54" cy="16" r="5" fill="#28c840"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="12">
${text.join('\n')}
</g>
</svg>
`,
);
process.stdout.write(`docs/demo.svg: ${lines.length} lines\n`);
