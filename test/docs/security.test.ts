import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { grantScript } from '../../lab/mysqld/accounts';

const manual = readFileSync(join(__dirname, '../../docs/security.md'), 'utf8');

/** What the tests' servers give to the accounts is what the manual tells people to give. */
test.each(['9.7.4', '8.0.36', '5.7.22'])('docs/security.md has the exact grants of %s', (version) => {
  expect(manual).toContain(`\`\`\`sql\n${grantScript(version)}\`\`\`\n`);
});
