/**
 * `unit` needs no server, `real` runs real mysqld, HAProxy and Temporal processes. `incidents` and `recovery` (a fleet each), `fleet`
 * (two hundred clusters) and `chaos` want the machine for themselves.
 */
const common = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};

const RECOVERY = '/test/incidents/(p|b|u)\\d+-|/test/incidents/lost-table';

module.exports = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/{archive,decisions,inventory,cli,docs,notify}/**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'real',
      testMatch: ['<rootDir>/test/{activities,doors,gateway,lab,workflows,replay,smoke}/**/*.test.ts'],
    },
    // Only by `npm run test:proxysql`, with PROXYSQL_ADMIN: a real one.
    { ...common, displayName: 'proxysql', testMatch: ['<rootDir>/test/proxysql/**/*.test.ts'] },
    { ...common, displayName: 'chaos', testMatch: ['<rootDir>/test/chaos/**/*.test.ts'] },
    { ...common, displayName: 'fleet', testMatch: ['<rootDir>/test/fleet/**/*.test.ts'] },
    {
      ...common,
      displayName: 'incidents',
      testMatch: ['<rootDir>/test/incidents/**/*.test.ts'],
      testPathIgnorePatterns: [RECOVERY],
    },
    // Servers that are filled, backed up, restored, upgraded.
    { ...common, displayName: 'recovery', testRegex: [RECOVERY] },
  ],
  reporters: ['default', '<rootDir>/test/closing-line.cjs'],
  maxWorkers: 2,
  testTimeout: 120_000,
};
