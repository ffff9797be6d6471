import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS } from '../../workflows/decisions/upgrade/checks';

const RUNBOOKS = join(__dirname, '../../docs/runbooks');
const PAPER = readFileSync(join(RUNBOOKS, 'upgrade.md'), 'utf8');

test('the table of gotchas has every precheck with its words, and each link leads to the rule', () => {
  const rows = [...PAPER.matchAll(/^\| (.+) \| \[`([\w-]+)`\]\((.+)\) \| (.+) \|$/gm)];
  const told = rows.map(([, looksFor = '', id = '', , manual = '']) => [id, looksFor.slice(1), manual]);
  const known = Object.entries(CHECKS).map(([id, { looksFor, manual }]) => [id, looksFor.slice(1), manual]);
  expect(told).toEqual(known);
  for (const [, , id = '', file = ''] of rows)
    expect([id, readFileSync(join(RUNBOOKS, file), 'utf8').includes(`'${id}'`)]).toEqual([id, true]);
});
