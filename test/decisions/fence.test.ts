import { type FenceFindings, judgeFence } from '../../workflows/decisions/fence';
import { automatic } from './facts';

const nothing: FenceFindings = {
  routers: [],
  receiversStopped: [],
  receiversNotStopped: [],
  superReadOnly: { set: false, because: 'db1 does not answer' },
  command: null,
};
const judge = (found: Partial<FenceFindings>, durability: 'async' | 'semi-sync' | 'lossless' = 'semi-sync') =>
  judgeFence(automatic({ durability }), 'db1', { ...nothing, ...found });

test.each<[string, Partial<FenceFindings>, RegExp]>([
  ['its own word', { superReadOnly: { set: true, because: 'set' } }, /confirms super_read_only=ON/],
  ['its fence command', { command: { succeeded: true, because: 'powered off' } }, /succeeded: powered off/],
  [
    'every router',
    {
      routers: [
        { router: 'edge', fenced: true, because: 'ok' },
        { router: 'core', fenced: true, because: 'ok' },
      ],
    },
    /every router \(edge, core\) reads back/,
  ],
])('%s is a proof', (_, found, proof) => {
  const { proofs, risks } = judge(found);
  expect(proofs).toEqual([expect.stringMatching(proof)]);
  expect(risks).toEqual([]);
});

test('one router of two that cannot be reached leaves the door open', () => {
  const { proofs, risks } = judge({
    routers: [
      { router: 'edge', fenced: true, because: 'ok' },
      { router: 'core', fenced: false, because: 'no answer' },
    ],
    command: { succeeded: false, because: 'exit code 1' },
  });
  expect(proofs).toEqual([]);
  expect(risks).toEqual([
    {
      code: 'FENCE_NOT_PROVEN',
      invariant: 1,
      sentence:
        'nothing proves that db1 can no longer take writes (core: no answer; db1: db1 does not answer; fence command: exit code 1): make sure of it by hand before you approve',
    },
  ]);
});

test('a cluster without routers has no proof by routers', () => {
  expect(judge({}).risks.map((risk) => risk.code)).toEqual(['FENCE_NOT_PROVEN']);
});

describe('starving a primary of acknowledgements', () => {
  const all = { receiversStopped: ['db2', 'db3'] };

  test('is a proof where the wait is endless and nobody is left to acknowledge', () => {
    expect(judge(all, 'lossless').proofs).toEqual([
      'db1 cannot acknowledge a commit: it waits for a replica without end, and all of them (db2, db3) have stopped receiving',
    ]);
  });

  test.each(['async', 'semi-sync'] as const)('is none under %s: the wait ends by itself', (durability) => {
    expect(judge(all, durability).proofs).toEqual([]);
  });

  test('is none while one replica is out of reach: it may still acknowledge', () => {
    const found = { receiversStopped: ['db2'], receiversNotStopped: [{ replica: 'db3', because: 'unreachable' }] };
    expect(judge(found, 'lossless').proofs).toEqual([]);
  });
});

test('independent proofs are all named', () => {
  const found = judge(
    {
      superReadOnly: { set: true, because: 'set' },
      command: { succeeded: true, because: 'off' },
      receiversStopped: ['db2', 'db3'],
      routers: [{ router: 'edge', fenced: true, because: 'ok' }],
    },
    'lossless',
  );
  expect(found.proofs).toHaveLength(4);
});
