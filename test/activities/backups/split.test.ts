import { Readable } from 'node:stream';
import fc from 'fast-check';
import { splitDump } from '../../../activities/backups/logical/split';

const HEADER = '-- MySQL dump\n/*!50503 SET NAMES utf8mb4 */;\n\n';
const table = (name: string, rows: readonly string[]) =>
  `--\n-- Table structure for table \`${name}\`\n--\n\nDROP TABLE IF EXISTS \`${name}\`;\nCREATE TABLE \`${name}\` (c text COMMENT '\\n-- Table structure');\n\n--\n-- Dumping data for table \`${name}\`\n--\n\n${rows
    .map((row) => `INSERT INTO \`${name}\` VALUES ('${row}');\n`)
    .join('')}\n`;
const schema = (name: string) => `--\n-- Current Database: \`${name}\`\n--\n\nUSE \`${name}\`;\n\n`;
const DUMP = [
  HEADER,
  schema('shop'),
  table('orders', ['1', '\\nINSERT INTO `x', '3', '4']),
  table('t``1', []),
  schema('odd-db.x'),
  table('orders', ['größe', 'x'.repeat(300)]),
  '/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n\n-- Dump completed\n',
].join('');

async function split(dump: string, cuts: number, pieceBytes: number, firstBytes = pieceBytes) {
  const found: { at: string; first: boolean; text: string }[] = [];
  const bytes = Buffer.from(dump);
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += cuts) yield bytes.subarray(at, at + cuts);
  };
  await splitDump(
    Readable.from(chunks()),
    {
      begin: ({ schema: inSchema, table: name, first }) =>
        void found.push({ at: `${inSchema}.${name}`, first, text: '' }),
      write: (piece) => Promise.resolve(void (found.at(-1)!.text += piece.toString('latin1'))),
      end: () => Promise.resolve(),
    },
    ({ first }) => (first ? firstBytes : pieceBytes),
  );
  return found.map((one) => ({ ...one, text: Buffer.from(one.text, 'latin1').toString('utf8') }));
}

test('every table becomes a piece that can be loaded by itself, however the stream is cut', async () => {
  const whole = await split(DUMP, 1_000_000, 1_000_000);
  expect(whole.map(({ at, first }) => [at, first])).toEqual([
    ['shop.orders', true],
    ['shop.t`1', true],
    ['odd-db.x.orders', true],
  ]);
  for (const { text } of whole) expect(text.startsWith(HEADER)).toBe(true);
  expect(whole[0]!.text).toContain('USE `shop`;');
  expect(whole[2]!.text).toContain('größe');
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (cuts) => {
      expect(await split(DUMP, cuts, 1_000_000)).toEqual(whole);
    }),
  );
});

test('a large table is cut between two statements, and no statement is lost or doubled', async () => {
  const statements = (pieces: readonly { text: string }[]) =>
    pieces.flatMap(({ text }) => text.match(/^INSERT INTO .*$/gm) ?? []);
  const whole = statements(await split(DUMP, 1_000_000, 1_000_000));
  expect(whole).toHaveLength(6);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 500 }), async (cuts, pieceBytes) => {
      const pieces = await split(DUMP, cuts, pieceBytes);
      expect(statements(pieces)).toEqual(whole);
      for (const { first, text } of pieces)
        expect([text.startsWith(HEADER), text.includes('CREATE TABLE')]).toEqual([true, first]);
    }),
  );
  expect((await split(DUMP, 50, 1)).filter(({ first }) => !first).length).toBeGreaterThan(2);
});

test('the definition of a table that is cut at once stands alone', async () => {
  const pieces = await split(DUMP, 50, 1_000_000, 0);
  expect(pieces.map(({ at, first, text }) => [at, first, text.includes('INSERT INTO `orders`')])).toEqual([
    ['shop.orders', true, false],
    ['shop.orders', false, true],
    ['shop.t`1', true, false],
    ['odd-db.x.orders', true, false],
    ['odd-db.x.orders', false, true],
  ]);
});

test('a dump without its last line has broken off', async () => {
  await expect(split(DUMP.replace('-- Dump completed\n', ''), 100, 1_000)).rejects.toThrow('ends before its last line');
});
