import { afterPause, type ControlOrder, type Standing, whyNot } from '../../workflows/decisions/controls';

const pause = {
  by: 'bob',
  reason: '',
  since: '2026-01-01T00:00:00.000Z',
  until: '2026-01-01T00:30:00.000Z',
};
const order = (change: Partial<ControlOrder>): ControlOrder => ({
  control: 'pause',
  by: 'ada',
  minutes: 30,
  ...change,
});
const standing = (change: Partial<Standing> = {}): Standing => ({ way: 'free', paused: null, people: [], ...change });

test.each<[string, Partial<ControlOrder>, Partial<Standing>, string | null]>([
  ['pause', {}, {}, null],
  ['pause', {}, { way: 'only forward' }, null],
  ['pause', {}, { way: 'clients wait' }, 'Clients wait for writes: it goes on to its end without a pause.'],
  ['pause', {}, { way: 'ended' }, 'This run has ended.'],
  [
    'pause what another run does',
    {},
    { way: 'handed over' },
    'It has begun, as the run that holds the lock of its cluster: say it to that one.',
  ],
  [
    'cancel what another run does',
    { control: 'cancel' },
    { way: 'handed over' },
    'It has begun, as the run that holds the lock of its cluster: say it to that one.',
  ],
  ['pause again', {}, { paused: pause }, 'It is paused already, by bob, until 2026-01-01T00:30:00.000Z.'],
  [
    'pause for ever',
    { minutes: 1_000_000 },
    {},
    'Say for how many minutes, from 1 to 1440: {"by": "you@example.com", "minutes": 30}.',
  ],
  [
    'pause for what is no number',
    { minutes: NaN },
    {},
    'Say for how many minutes, from 1 to 1440: {"by": "you@example.com", "minutes": 30}.',
  ],
  ['nobody pauses', { by: ' ' }, {}, 'Say who wants it: {"by": "you@example.com", "reason": "…"}.'],
  ['resume', { control: 'resume' }, { paused: pause }, null],
  ['resume what goes on', { control: 'resume' }, {}, 'It is not paused.'],
  ['cancel', { control: 'cancel' }, {}, null],
  ['cancel what is paused', { control: 'cancel' }, { paused: pause }, null],
  [
    'cancel while clients wait',
    { control: 'cancel' },
    { way: 'clients wait' },
    'It is past its point of no return and goes on to its end.',
  ],
  [
    'cancel while it tidies up',
    { control: 'cancel' },
    { way: 'only forward' },
    'It is past its point of no return and goes on to its end.',
  ],
  ['an operator', {}, { people: [{ name: 'Ada', roles: ['operator'] }] }, null],
  [
    'a viewer',
    {},
    {
      people: [
        { name: 'ada', roles: ['viewer'] },
        { name: 'bob', roles: ['breaker'] },
      ],
    },
    'ada may not do this; bob may.',
  ],
])('%s: %j, %j', (_, what, where, why) => {
  expect(whyNot(order(what), standing(where))).toBe(why);
});

test('a pause that is forgotten is called off while there is a way back, and goes on where there is none', () => {
  expect(afterPause('free')).toBe('cancel');
  expect(afterPause('only forward')).toBe('resume');
});
