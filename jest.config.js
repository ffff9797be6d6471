/** Two kinds of test: `unit` needs no server, `real` runs real mysqld, HAProxy and Temporal processes. */
const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' }, sourceMaps: 'inline' }] },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
};

module.exports = {
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/{decisions,inventory,cli,workflows,replay}/**/*.test.ts'] },
    { ...common, displayName: 'real', testMatch: ['<rootDir>/test/{activities,lab,incidents}/**/*.test.ts'] },
  ],
  maxWorkers: 2,
  testTimeout: 120_000,
};
