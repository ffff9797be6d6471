import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes, familyOf } from '../../activities/errors';

const SECTIONS = readFileSync(join(__dirname, '../../docs/errors.md'), 'utf8').split(/^### /m).slice(1);
const documented = new Map(SECTIONS.map((section) => [section.split('\n', 1)[0] ?? '', section]));

test('docs/errors.md describes every code of the catalogue, and no other', () => {
  expect([...documented.keys()].sort()).toEqual([...errorCodes].sort());
  expect(SECTIONS).toHaveLength(documented.size);
});

test.each(errorCodes)('%s is documented with its family and something to do', (code) => {
  const section = documented.get(code) ?? '';
  expect(section).toContain(`\nFamily: ${familyOf(code)}. `);
  expect(section.length).toBeGreaterThan(120);
});
