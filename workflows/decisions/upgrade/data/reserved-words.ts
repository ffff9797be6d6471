/**
 * Words that became reserved after 5.7, with the release from which a server of that series refuses them unquoted. Words that were reserved
 * for a few releases only (ADMIN, ARRAY, MEMBER, PERSIST, PERSIST_ONLY) are free again in the newest of each series and left out.
 * Source: MySQL manual, "Keywords and Reserved Words" of 8.0, 8.4 and 9.x; a test asks real servers of 5.7, 8.0 and 9.7.
 */
export const RESERVED_WORDS: readonly { readonly word: string; readonly since: number; readonly until?: number }[] = [
  ...words(
    80_000,
    'CUBE CUME_DIST DENSE_RANK EMPTY EXCEPT FIRST_VALUE FUNCTION GROUPING GROUPS JSON_TABLE LAG LAST_VALUE LEAD NTH_VALUE NTILE OF OVER PERCENT_RANK RANK RECURSIVE ROW ROWS ROW_NUMBER SYSTEM WINDOW',
  ),
  ...words(80_014, 'LATERAL'),
  ...words(80_031, 'INTERSECT'),
  ...words(80_400, 'QUALIFY TABLESAMPLE'),
  // Free again in 9.7.
  ...words(80_400, 'MANUAL PARALLEL').map((one) => ({ ...one, until: 90_700 })),
  ...words(90_700, 'EXTERNAL LIBRARY'),
];

function words(since: number, list: string): { word: string; since: number }[] {
  return list.split(' ').map((word) => ({ word, since }));
}
