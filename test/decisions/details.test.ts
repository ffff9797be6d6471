import { type RunProgress } from '../../workflows/messages';
import { describeProgress } from '../../workflows/steps/details';

const progress: RunProgress = {
  runbook: 'emergencyFailover',
  cluster: 'orders',
  phase: 'fence',
  headline: 'db2 is to replace db1',
  question: null,
  paused: { by: 'ana', reason: 'a look', since: '2026-11-21T03:00:00.000Z', until: '2026-11-21T03:30:00.000Z' },
  outcome: null,
  plan: { hash: 'abcdef0123456789', kind: 'promote', summary: 'promote db2', lines: ['fence db1'], risks: ['late'] },
  steps: [
    {
      phase: 'look',
      title: 'Look',
      startedAt: '2026-11-21T03:00:00.000Z',
      state: 'done',
      durationMs: 12,
      detail: 'db1 is gone | refused\n2 of 3 answer',
      parts: [],
    },
  ],
};

test('lists and tables stand behind an empty line: the Web UI draws them as text otherwise', () => {
  expect(describeProgress(progress)).toBe(
    [
      '### db2 is to replace db1',
      '**Paused by ana** until 2026-11-21 03:30:00 UTC: a look. Go on with the update `resume`:',
      '```json\n{"by": "you@example.com"}\n```',
      '**Plan abcdef012345**: promote db2',
      '- fence db1\n- ⚠ late',
      '| | step | | what came of it |\n|---|---|---|---|\n| ✔ | Look | 12 ms | db1 is gone \\| refused 2 of 3 answer |',
    ].join('\n\n'),
  );
});
