/** A statement that stands in a binary log as its text. */
export interface Statement {
  readonly kind: 'drop' | 'truncate' | 'ddl';
  readonly tables: readonly { readonly schema: string; /** Null: the whole schema. */ readonly table: string | null }[];
}

const NAME = String.raw`(?:\x60(?:[^\x60]|\x60\x60)+\x60|[\p{L}\p{N}_$]+)`;
const PLACE = String.raw`${NAME}(?:\s*\.\s*${NAME})?`;
const LIST = String.raw`(${PLACE}(?:\s*,\s*${PLACE})*)`;

const pattern = (words: string) => new RegExp(`^${words}`, 'iu');

/** What each form names, in the order in which they are tried. */
const FORMS: readonly { readonly form: RegExp; readonly kind: Statement['kind']; readonly whole?: true }[] = [
  { form: pattern(String.raw`DROP\s+(?:TEMPORARY\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?${LIST}`), kind: 'drop' },
  { form: pattern(String.raw`DROP\s+(?:DATABASE|SCHEMA)\s+(?:IF\s+EXISTS\s+)?(${NAME})`), kind: 'drop', whole: true },
  { form: pattern(String.raw`TRUNCATE\s+(?:TABLE\s+)?${LIST}`), kind: 'truncate' },
  { form: pattern(String.raw`RENAME\s+TABLES?\s+(.+)$`), kind: 'ddl' },
  { form: pattern(String.raw`ALTER\s+(?:ONLINE\s+|OFFLINE\s+|IGNORE\s+)?TABLE\s+${LIST}`), kind: 'ddl' },
  { form: pattern(String.raw`CREATE\s+(?:TEMPORARY\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?${LIST}`), kind: 'ddl' },
  {
    form: pattern(String.raw`(?:CREATE|DROP)\s+(?:\w+\s+)?INDEX\s+.*?\bON\s+(${PLACE})`),
    kind: 'ddl',
  },
  {
    form: pattern(String.raw`(?:CREATE|ALTER)\s+(?:DATABASE|SCHEMA)\s+(?:IF\s+NOT\s+EXISTS\s+)?(${NAME})`),
    kind: 'ddl',
    whole: true,
  },
];

const LEADING = /^(?:\s+|\/\*(?!!)[\s\S]*?\*\/|--\s[^\n]*\n|#[^\n]*\n)+/;

/** Which tables a statement of DDL names, null for anything else (BEGIN, a savepoint, a grant). `schema` = the one in use. */
export function readDdl(text: string, schema: string): Statement | null {
  const bare = text.replace(LEADING, '');
  for (const { form, kind, whole } of FORMS) {
    const list = form.exec(bare)?.[1];
    if (list === undefined) continue;
    const places = [...list.matchAll(new RegExp(PLACE, 'giu'))].map(([place]) => namesIn(place));
    if (whole) return { kind, tables: places.map(([name = '']) => ({ schema: name, table: null })) };
    const renames = /^RENAME/i.test(bare) ? places.filter(([word = '']) => !/^TO$/i.test(word)) : places;
    return {
      kind,
      tables: renames.map(([a = '', b]) => (b === undefined ? { schema, table: a } : { schema: a, table: b })),
    };
  }
  return null;
}

const namesIn = (place: string): string[] =>
  [...place.matchAll(new RegExp(NAME, 'giu'))].map(([name]) =>
    name.startsWith('`') ? name.slice(1, -1).replaceAll('``', '`') : name,
  );
