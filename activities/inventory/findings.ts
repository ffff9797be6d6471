import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type YAMLError,
} from 'yaml';
import { type z } from 'zod';

/** One mistake in an inventory. `line` and `column` count from 1. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `clusters.orders.instances[1].port`; '' for the file as a whole. */
  readonly where: string;
  /** What is wrong and how to cure it: `expected … — cure`. */
  readonly message: string;
}

export type Path = readonly PropertyKey[];

export const printFinding = ({ file, line, column, where, message }: Finding): string =>
  `${file}:${line}:${column} ${where === '' ? '' : `${where}: `}${message}`;

/** What the zod issues say, one finding for each fault, in the order of the file. */
export function findingsOf(issues: readonly z.core.$ZodIssue[], source: Source): Finding[] {
  const findings = issues.flatMap((issue) => {
    const path = issue.path;
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split('\n');
      return issue.keys.map((key, index) => findingAt([...path, key], messages[index] ?? issue.message, source, 'key'));
    }
    if (issue.code === 'invalid_key') {
      return [findingAt(path, issue.issues[0]?.message ?? issue.message, source, 'key')];
    }
    return [findingAt(path, issue.message, source)];
  });
  return inOrder(findings);
}

/** Text, tree and line table of one file. */
export interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

export function findingAt(path: Path, message: string, source: Source, part: 'key' | 'value' = 'value'): Finding {
  const at = source.lines.linePos(offsetOf(source.document, path, part));
  return {
    file: source.file,
    line: Math.max(at.line, 1),
    column: Math.max(at.col, 1),
    where: printPath(path),
    message,
  };
}

/** Same place, two complaints (not whole, and too small): the first says it. */
const inOrder = (findings: readonly Finding[]): Finding[] =>
  findings
    .filter((one, index) => findings.findIndex((other) => other.where === one.where) === index)
    .sort((a, b) => a.line - b.line || a.column - b.column);

export const printPath = (path: Path): string =>
  path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`))
    .join('');

/** Where in the text the value (or its key) stands; for a missing one, the nearest thing around it. */
function offsetOf(document: Document, path: Path, part: 'key' | 'value'): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    const found = childOf(node, step);
    if (!found) return offset;
    node = found.value;
    const wantsKey = part === 'key' && index === path.length - 1;
    offset = (wantsKey ? found.key : (node ?? found.key))?.range?.[0] ?? offset;
  }
  return offset;
}

function childOf(node: Node | null, step: PropertyKey): { key: Node | null; value: Node | null } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { key: null, value: asNode(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
  return pair ? { key: asNode(pair.key), value: asNode(pair.value) } : undefined;
}

const asNode = (value: unknown): Node | null =>
  typeof value === 'object' && value !== null && !isPair(value) && 'range' in value ? (value as Node) : null;

/** YAML that cannot be read at all: tabs, a lost quote, the same key twice. */
export function findingOfYaml(error: YAMLError, file: string): Finding {
  const at = error.linePos?.[0];
  const message =
    yamlWords[error.code] ??
    `this is not valid YAML: ${firstLine(error.message)} — correct the line or the one above it`;
  return { file, line: at?.line ?? 1, column: at?.col ?? 1, where: '', message };
}

const yamlWords: Partial<Record<YAMLError['code'], string>> = {
  DUPLICATE_KEY: 'this key stands twice in the same map — keep one of them',
  TAB_AS_INDENT: 'a tab is used to indent — use spaces',
  MISSING_CHAR: 'a closing quote, bracket or brace is missing — add it',
  BAD_INDENT: 'the indentation does not fit the lines around it — indent entries of the same map alike',
  MULTIPLE_DOCS: 'a second document begins here — keep one inventory in one file, without "---" between',
};

// The parser's first line names the fault and its place; the place is already printed, the source line may hold a secret.
const firstLine = (message: string) => (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
