import { examineInventory, parseInventory } from '../../activities/inventory/inventory';
import { printFinding } from '../../activities/inventory/findings';

/** Line 4 is the schedule. */
const fleet = (schedule: string) => `clusters:
  orders: { durability: async, instances: [{ name: db1, host: 10.0.0.11, port: 3306 }], accounts: &a { admin: &b { user: r, password: { env: P } }, replication: *b } }
schedules:
  - ${schedule}
`;
const findings = (schedule: string) => examineInventory(fleet(schedule), 'fleet.yaml').findings.map(printFinding);

const BASE = 'name: weekly, runbook: plannedSwitchover, input: { cluster: orders }';
const EVERY = `{ ${BASE}, everyMinutes: 60`;

test('a schedule is read with its defaults', () => {
  const [schedule] = parseInventory(fleet(`{ ${BASE}, cron: '0 10 * * mon-fri' }`), 'fleet.yaml').schedules;
  expect(schedule).toMatchObject({
    name: 'weekly',
    when: { written: '0 10 * * mon-fri', cron: { hours: [10], weekdays: [1, 2, 3, 4, 5] } },
    ...{ timeZone: 'UTC', jitterSeconds: 0, overlap: 'skip', catchUpMinutes: 60, blackouts: [], note: '' },
  });
  const once = "{ name: freeze, since: '2026-12-15T00:00:00+01:00', until: '2027-01-07T00:00:00+01:00' }";
  const weekly = "{ name: payday, days: [fri], from: '12:00', to: '18:00' }";
  const [dark] = parseInventory(fleet(`${EVERY}, blackouts: [${once}, ${weekly}] }`), 'fleet.yaml').schedules;
  expect(dark?.blackouts).toEqual([
    { name: 'freeze', since: '2026-12-15T00:00:00+01:00', until: '2027-01-07T00:00:00+01:00' },
    { name: 'payday', weekly: { days: ['fri'], from: '12:00', to: '18:00', timeZone: 'UTC' } },
  ]);
});

const TABLE: readonly (readonly [string, string, string])[] = [
  [
    'a cron expression of six fields',
    `{ ${BASE}, cron: '0 0 10 * * *' }`,
    "fleet.yaml:4:83 schedules[0].cron: this is no cron expression: expected five fields (minute, hour, day of the month, month, day of the week) and found 6 — for example '0 10 1-7 * tue': the first Tuesday at 10:00",
  ],
  [
    'an hour that there is not',
    `{ ${BASE}, cron: '0 25 * * *' }`,
    "fleet.yaml:4:83 schedules[0].cron: this is no cron expression: the hour is not understood: expected 0 to 23, also as list, range or step — for example '0 10 1-7 * tue': the first Tuesday at 10:00",
  ],
  [
    'a time zone that is misspelt',
    `${EVERY}, timeZone: Europe/Berlim }`,
    'fleet.yaml:4:105 schedules[0].timeZone: expected the name of a time zone — for example Europe/Berlin (did you mean "Europe/Berlin"?)',
  ],
  [
    'a runbook that is misspelt',
    '{ name: weekly, runbook: planedSwitchover, everyMinutes: 60 }',
    'fleet.yaml:4:30 schedules[0].runbook: there is no runbook of this name (did you mean "plannedSwitchover"?) — write one of ',
  ],
  [
    'a cluster that is misspelt',
    '{ name: weekly, runbook: plannedSwitchover, input: { cluster: order }, everyMinutes: 60 }',
    'fleet.yaml:4:67 schedules[0].input.cluster: there is no cluster of this name (did you mean "orders"?) — write one of orders',
  ],
  [
    'input that the runbook does not take',
    '{ name: weekly, runbook: plannedSwitchover, input: { cluster: orders, writeGapMs: soon }, everyMinutes: 60 }',
    'fleet.yaml:4:87 schedules[0].input.writeGapMs: plannedSwitchover does not take this: Invalid input: expected number, received string — compare it with `runbook start plannedSwitchover`',
  ],
  [
    'no cluster where one is needed',
    '{ name: weekly, runbook: plannedSwitchover, everyMinutes: 60 }',
    'fleet.yaml:4:5 schedules[0].input.cluster: plannedSwitchover does not take this: Invalid input: expected string, received undefined — compare it with `runbook start plannedSwitchover`',
  ],
  [
    'cron and everyMinutes',
    `${EVERY}, cron: '0 10 * * *' }`,
    'fleet.yaml:4:5 schedules[0]: cron and everyMinutes say when, both — keep one of them',
  ],
  [
    'neither cron nor everyMinutes',
    `{ ${BASE} }`,
    "fleet.yaml:4:5 schedules[0]: is never due: expected cron or everyMinutes — for example cron: '0 10 1-7 * tue'",
  ],
  [
    'an overlap that breaks runs off',
    `${EVERY}, overlap: terminate }`,
    'fleet.yaml:4:104 schedules[0].overlap: expected one of skip, buffer one, buffer all, allow all — write one of them',
  ],
  [
    'a blackout that ends before it begins',
    `${EVERY}, blackouts: [{ name: b, since: '2027-01-07T00:00:00Z', until: '2026-12-15T00:00:00Z' }] }`,
    'fleet.yaml:4:107 schedules[0].blackouts[0]: it ends before it begins — exchange since and until',
  ],
  [
    'a blackout of two kinds',
    `${EVERY}, blackouts: [{ name: b, from: '10:00', to: '12:00', until: '2026-12-15T00:00:00Z' }] }`,
    'fleet.yaml:4:107 schedules[0].blackouts[0]: expected either from and to, week after week, or since and until, once — for example',
  ],
  [
    'a blackout without its zone',
    `${EVERY}, blackouts: [{ name: b, since: '2027-01-07', until: '2027-12-15T00:00:00Z' }] }`,
    'fleet.yaml:4:125 schedules[0].blackouts[0].since: expected a time with its zone — write it in quotes, for example ',
  ],
];
test.each(TABLE)('%s: one sentence with its place and its cure', (_, schedule, expected) => {
  const found = findings(schedule);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
});

test('two schedules of one name', () => {
  expect(findings(`${EVERY} }\n  - ${EVERY} }`)).toEqual([
    'fleet.yaml:5:13 schedules[1].name: this name is taken by schedules[0] — give every schedule its own name',
  ]);
});
