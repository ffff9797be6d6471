import { readChanges } from '../../activities/rejoin/changes';

/** What mysqlbinlog --verbose of 9.7.4 prints, shortened: one event each. */
const at = (kind: string) => `#261121  9:42:37 server id 1  end_log_pos 915 CRC32 0x04201756 \t${kind}`;
const gtid = at('GTID\tlast_committed=2\tsequence_number=4\trbr_only=yes');
const begin = [
  at('Query\tthread_id=21\texec_time=0\terror_code=0'),
  'SET TIMESTAMP=1/*!*/;',
  '/*!\\C utf8mb4 *//*!*/;',
  'BEGIN',
  '/*!*/;',
];
const rows = (verb: string, kind: string, flags = 'STMT_END_F') => [
  at('Table_map: `shop`.`orders` mapped to number 87'),
  at(`${kind}_rows: table id 87 flags: ${flags}`),
  `### ${verb} \`shop\`.\`orders\``,
  "###   @2='three\\n### UPDATE `shop`.`orders`'",
];
const read = (...lines: readonly string[]) => {
  const reading = readChanges();
  for (const line of lines) reading.take(line);
  return reading.end();
};

test('rows are counted by table and kind; a value that looks like a row is none', () => {
  const told = read(
    gtid,
    ...begin,
    ...rows('INSERT INTO', 'Write'),
    at('Xid = 58'),
    gtid,
    ...begin,
    ...rows('UPDATE', 'Update'),
    at('Xid = 59'),
  );
  expect(told).toEqual({
    transactions: 2,
    rows: [
      { verb: 'INSERT', table: 'shop.orders', rows: 1 },
      { verb: 'UPDATE', table: 'shop.orders', rows: 1 },
    ],
    others: [],
  });
});

test.each<[string, readonly string[], RegExp]>([
  [
    'DDL',
    [gtid, at('Query\tthread_id=30'), 'use `shop`/*!*/;', 'alter table shop.orders add c int', '/*!*/;'],
    /^statement ALTER TABLE$/,
  ],
  ['a statement without text', [gtid, at('Query\tthread_id=30'), at('Xid = 1')], /^a statement$/],
  [
    'rows that are not shown',
    [gtid, at('Write_rows: table id 87 flags: STMT_END_F'), at('Xid = 1')],
    /^rows that are not shown$/,
  ],
  ['rows written without checks', rows('INSERT INTO', 'Write', 'STMT_END_F RELAXED_UNIQUE_CHECKS_F'), /checks off$/],
  ['a kind of event that nobody has seen', [at('Incident')], /^Incident$/],
  ['an XA transaction', [at('Query\tthread_id=3'), "XA START X'61',X'',1"], /^statement XA START$/],
])('%s is named', (_, lines, words) => {
  expect(read(...lines).others).toEqual([expect.stringMatching(words)]);
});
