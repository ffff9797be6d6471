import { problemsIn } from '../../../workflows/decisions/upgrade/official';

const ANSWER = {
  serverAddress: 'db1:3306',
  serverVersion: '8.0.12',
  targetVersion: '8.4.3',
  errorCount: 1,
  checksPerformed: [
    { id: 'utf8mb3', title: 'Usage of utf8mb3 charset', status: 'OK', detectedProblems: [] },
    {
      id: 'authMethodUsage',
      title: 'Check for deprecated or invalid user authentication methods.',
      status: 'OK',
      description: 'Some users are using authentication methods that may be removed.',
      documentationLink: 'https://example.org/auth',
      detectedProblems: [{ level: 'Error', dbObject: "'old'@'%'", description: '', dbObjectType: 'User' }],
    },
    { id: 'checkTableCommand', title: 'Issues reported by check table', status: 'ERROR', description: 'timed out' },
  ],
};

test('its JSON is read, also behind other words, and a check that failed is a problem', () => {
  const problems = problemsIn(`WARNING: something {else}\n${JSON.stringify(ANSWER, null, 4)}\n`);
  expect(problems).toEqual([
    {
      id: 'authMethodUsage',
      title: 'Check for deprecated or invalid user authentication methods.',
      level: 'Error',
      object: "'old'@'%'",
      description: 'Some users are using authentication methods that may be removed.',
      link: 'https://example.org/auth',
    },
    {
      id: 'checkTableCommand',
      title: 'Issues reported by check table',
      level: 'Warning',
      object: '',
      description: 'the check could not be made: timed out',
      link: '',
    },
  ]);
});

test.each(['', 'mysqlsh: cannot connect', '{"checks": []}', '{'])('%j is not its JSON', (printed) => {
  expect(problemsIn(printed)).toBeNull();
});
