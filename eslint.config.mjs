import tseslint from 'typescript-eslint';

/** What may import what. The layers are described in CONTRIBUTING.md. */
const node = ['node:*', 'fs', 'path', 'net', 'crypto', 'child_process', 'os', 'http'];
const clients = [
  'mysql2',
  'mysql2/*',
  'pino',
  '@temporalio/client',
  '@temporalio/worker',
  '@temporalio/activity',
  'yaml',
];
const forbid = (why, groups, options = {}) => ({
  '@typescript-eslint/no-restricted-imports': [
    'error',
    { patterns: groups.map((group) => ({ group, message: why, ...options })) },
  ],
});

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', '**/*.mjs', '**/*.cjs', 'jest.config.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/activities/**', '**/workers/**'],
              message: 'Workflows know activities as types only.',
              allowTypeImports: true,
            },
            {
              group: [...node, ...clients],
              message: 'Workflow code is replayed: no clients, files, clocks or loggers.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['workflows/decisions/**/*.ts'],
    rules: forbid('Decisions are pure: facts in, decision and sentence out.', [
      ['**/activities/**', '**/workers/**', '**/steps/**', '@temporalio/*', ...node, ...clients],
    ]),
  },
  {
    files: ['activities/**/*.ts'],
    rules: forbid('Activities know no workflow and no wiring; they may use decisions and types.', [
      ['**/workers/**', '**/cli/**', '**/lab/**', '@temporalio/worker', '@temporalio/workflow'],
    ]),
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'max-lines': 'off' },
  },
);
