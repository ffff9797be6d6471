import { plainIndexes } from '../../activities/backups/restore/late-indexes';

test('indexes that only make reads quick are made at the end; keys that rows are checked by stay, and so do other kinds', () => {
  const printed = [
    'CREATE TABLE `t` (',
    '  `KEY` int NOT NULL,',
    "  `a``b` varchar(20) DEFAULT NULL COMMENT 'KEY `x` (`y`)',",
    '  PRIMARY KEY (`KEY`),',
    '  UNIQUE KEY `u` (`a``b`),',
    '  KEY `a``b` (`a``b` DESC) /*!80000 INVISIBLE */,',
    "  KEY `f` ((lower(`a``b`))) COMMENT 'last, of all,',",
    '  FULLTEXT KEY `words` (`a``b`),',
    '  KEY `k` (`KEY`)',
    ') ENGINE=InnoDB',
  ].join('\n');
  expect(plainIndexes(printed)).toEqual([
    { name: '`a``b`', definition: 'KEY `a``b` (`a``b` DESC) /*!80000 INVISIBLE */' },
    { name: '`f`', definition: "KEY `f` ((lower(`a``b`))) COMMENT 'last, of all,'" },
    { name: '`k`', definition: 'KEY `k` (`KEY`)' },
  ]);
});
