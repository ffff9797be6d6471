import { describeRpo, renderReport, type RunbookReport } from '../../workflows/decisions/report';
import { P } from './facts';

const report: RunbookReport = {
  runbook: 'emergencyFailover',
  cluster: 'orders',
  run: 'r-1',
  outcome: 'done',
  headline: 'db2 takes writes in place of db1 after 0.71 s.',
  startedBy: 'watchCluster',
  trigger: 'watcher',
  reason: 'db1 is gone',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:00:05.000Z',
  oldPrimary: 'db1',
  newPrimary: 'db2',
  evidence: ['db1 is gone (refused)'],
  decisions: ['dead: db2 holds everything'],
  plan: { hash: 'abcdef0123456789', kind: 'promote', summary: 'promote db2', lines: ['fence db1'], risks: ['loss'] },
  approvals: ['promote db2? approved by ada'],
  fenceProofs: ['every router reads back'],
  steps: [
    {
      phase: 'fence',
      title: 'Fence',
      state: 'done',
      startedAt: '2026-01-01T00:00:01.234Z',
      durationMs: 31,
      detail: 'a | b\nc',
      parts: [{ name: 'routers', atMs: 12.6 }],
    },
    {
      phase: 'promote',
      title: 'Open',
      state: 'running',
      startedAt: '2026-01-01T00:00:02.000Z',
      durationMs: null,
      detail: '',
      parts: [],
    },
  ],
  rto: { totalMs: 712, from: '', to: '', because: 'as the watcher saw it' },
  rpo: { provablyZero: false, lost: `${P}:1-2,\n${P.replace('b', 'c')}:3`, lostCount: 3, because: 'seen' },
  lostTransactionFiles: ['/reports/lost.sql'],
  left: ['rebuild db1'],
};

test('what a human must do next stands before the evidence', () => {
  const page = renderReport(report);
  const order = [
    'What a human must do next',
    'Evidence',
    'Decisions',
    'Plan abcdef012345',
    'Approvals',
    'Proof that',
    'Lost transactions',
    'Timeline',
  ];
  expect(order.map((title) => page.indexOf(`## ${title}`))).toEqual(
    [...order.map((title) => page.indexOf(`## ${title}`))].sort((a, b) => a - b),
  );
  expect(page).not.toContain('## undefined');
  expect(page).toContain('# emergencyFailover of orders: done');
  expect(page).toContain('| RTO | 0.71 s (as the watcher saw it) |');
  expect(page).toContain('- risk: loss');
  expect(page).toContain('| started by | watchCluster (watcher): db1 is gone |');
});

test('line breaks of GTID sets and bars in servers’ words do not break a table', () => {
  const page = renderReport(report);
  expect(page).toContain('| 00:00:01.234 | 31 ms | Fence | done: a \\| b c (routers at 13 ms) |');
  const table = page.split('\n').filter((line) => line.startsWith('| RPO'));
  expect(table).toHaveLength(1);
  expect(table[0]).toMatch(/ \|$/);
});

test('a run that touched nothing has no empty sections', () => {
  const quiet = renderReport({
    ...report,
    evidence: [],
    decisions: [],
    plan: null,
    approvals: [],
    fenceProofs: [],
    left: [],
    lostTransactionFiles: [],
    rto: null,
    rpo: null,
    oldPrimary: null,
    newPrimary: null,
  });
  expect(quiet.match(/^## .*$/gm)).toEqual(['## Timeline']);
  expect(quiet).toContain('| primary | unknown → unchanged |');
  expect(quiet).toContain('| RTO | not applicable |');
});

test('what may be lost is said in one of three ways', () => {
  const rpo = { provablyZero: false, lost: '', lostCount: 0, because: 'why' };
  expect(describeRpo(rpo)).toBe('none known to be lost, but not provably zero: why');
  expect(describeRpo({ ...rpo, provablyZero: true })).toBe('0, proven: why');
  expect(describeRpo({ ...rpo, lost: `${P}:1-2`, lostCount: 2 })).toBe(`2 transactions lost: \`${P}:1-2\` (why)`);
});
