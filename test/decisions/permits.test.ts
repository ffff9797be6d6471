import {
  emptyLedger,
  type Ledger,
  type PermitRequest,
  requestPermit,
  returnPermit,
} from '../../workflows/decisions/permits';

const NOON = Date.parse('2026-01-01T12:00:00Z');
const MINUTE = 60_000;
const ask = (cluster: string, run: string, change: Partial<PermitRequest> = {}): PermitRequest => ({
  cluster,
  run,
  peek: false,
  perCluster: { failovers: 1, perMinutes: 60 },
  perFleet: { failovers: 3, perMinutes: 10 },
  ...change,
});
const granted = (ledger: Ledger, request: PermitRequest, atMs: number): Ledger => {
  const answer = requestPermit(ledger, request, atMs);
  expect(answer.permit.granted).toBe(true);
  return answer.ledger;
};

test('the first one is granted, and the sentence counts', () => {
  const { permit, ledger } = requestPermit(emptyLedger, ask('orders', 'r1'), NOON);
  expect(permit).toEqual({ granted: true, because: 'automatic failover 1 of 1 allowed within 60 minutes' });
  expect(ledger.grants).toEqual([{ cluster: 'orders', run: 'r1', atMs: NOON }]);
});

test('a flapping cluster is stopped, until its window has passed', () => {
  const once = granted(emptyLedger, ask('orders', 'r1'), NOON);
  const soon = requestPermit(once, ask('orders', 'r2'), NOON + 60 * MINUTE - 1);
  expect(soon.permit).toEqual({
    granted: false,
    because: 'orders has failed over automatically once within 60 minutes: it may be flapping',
  });
  expect(soon.ledger).toBe(once);
  granted(once, ask('orders', 'r2'), NOON + 60 * MINUTE);
  granted(once, ask('billing', 'r3'), NOON + 1);
});

test('two hundred clusters alert in the same second: three are moved, a human is asked for the rest', () => {
  let ledger = emptyLedger;
  const answers = Array.from({ length: 200 }, (_, index) => {
    const answer = requestPermit(ledger, ask(`c${index}`, `r${index}`), NOON + index);
    ledger = answer.ledger;
    return answer.permit;
  });
  expect(answers.filter((permit) => permit.granted)).toHaveLength(3);
  expect(answers[3]?.because).toBe(
    '3 clusters of the fleet have failed over automatically within 10 minutes: the cause may be the network',
  );
  expect(ledger.grants).toHaveLength(3);
});

test('a run that asks again was granted already: a retried request counts once', () => {
  const once = granted(emptyLedger, ask('orders', 'r1'), NOON);
  const again = requestPermit(once, ask('orders', 'r1'), NOON + 5);
  expect(again).toEqual({ ledger: once, permit: { granted: true, because: 'this run was granted already' } });
});

test('a rehearsal takes nothing', () => {
  const peeked = requestPermit(emptyLedger, ask('orders', 'r1', { peek: true }), NOON);
  expect(peeked).toMatchObject({ ledger: emptyLedger, permit: { granted: true } });
});

test('a rehearsal is told the refusal that the real one would get', () => {
  const once = granted(emptyLedger, ask('orders', 'r1'), NOON);
  expect(requestPermit(once, ask('orders', 'r2', { peek: true }), NOON).permit.granted).toBe(false);
});

test('a run that stood down gives its permit back', () => {
  const once = granted(emptyLedger, ask('orders', 'r1'), NOON);
  expect(returnPermit(once, 'r1')).toEqual(emptyLedger);
  expect(returnPermit(once, 'another')).toEqual(once);
});

test('a limit of none means a human is always asked', () => {
  const none = ask('orders', 'r1', { perCluster: { failovers: 0, perMinutes: 60 } });
  expect(requestPermit(emptyLedger, none, NOON).permit.granted).toBe(false);
});

test('what is older than the longest window is forgotten', () => {
  const once = granted(emptyLedger, ask('orders', 'r1'), NOON);
  const later = granted(once, ask('billing', 'r2'), NOON + 7 * 24 * 60 * MINUTE + 1);
  expect(later.grants.map((grant) => grant.run)).toEqual(['r2']);
});
