import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Position, Problem } from '../diagnostics/problem.ts';

/** One document of the file, with a way back from its values to the lines they stand on. */
export interface ConfigDocument {
  /** Its text as it stands in the file, without the separator. */
  readonly text: string;
  /** All scalars are strings, only `~` is null: each field decides what it reads. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Position of a value; of its nearest parent where there is none. */
  at(path: readonly PropertyKey[]): Position;
  /** Position of a key inside the mapping at `path`. */
  atKey(path: readonly PropertyKey[], key: string): Position;
  /** Numbered lines around a position. */
  excerpt(position: Position): string;
}

/** The documents of a file that hold more than blanks and comments. */
export function readDocuments(text: string, file: string): readonly ConfigDocument[] {
  return splitDocuments(text)
    .filter((part) => !/^(\s*(#.*)?(\n|$))*$/.test(part.text))
    .map((part) => readDocument(part, file));
}

interface Part {
  readonly text: string;
  /** Line of the file where it starts, from 1. */
  readonly firstLine: number;
}

/** A line that begins with `---` and goes on with nothing but blanks or a comment ends a document. */
export function splitDocuments(text: string): readonly Part[] {
  const parts: Part[] = [];
  let lines: string[] = [];
  let firstLine = 1;
  const all = text.split('\n');
  all.forEach((line, index) => {
    if (/^---(\s*|\s+#.*)$/.test(line)) {
      parts.push({ text: lines.join('\n'), firstLine });
      lines = [];
      firstLine = index + 2;
    } else {
      lines.push(line);
    }
  });
  return [...parts, { text: lines.join('\n'), firstLine }];
}

function readDocument({ text, firstLine }: Part, file: string): ConfigDocument {
  const counter = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    customTags: ['null'],
    merge: true,
    lineCounter: counter,
    prettyErrors: false,
  });
  const position = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { file, line: line + firstLine - 1, column: col };
  };
  const excerpt = (at: Position) => excerptOf(text.split('\n'), firstLine, at);
  const problems = document.errors.map(({ message, pos }): Problem => {
    const at = position(pos[0]);
    return { code: 'CONFIG_YAML', message, position: at, excerpt: excerpt(at) };
  });
  return {
    text,
    value: problems.length === 0 ? document.toJS() : null,
    problems,
    at: (path) => position(offsetOf(document, path)),
    atKey: (path, key) => position(keyOffset(document, path, key)),
    excerpt,
  };
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node: unknown = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}

function keyOffset(document: Document.Parsed, path: readonly PropertyKey[], key: string): number {
  const map: unknown = path.length === 0 ? document.contents : document.getIn([...path], true);
  const pair = isMap(map)
    ? map.items.find((item) => isScalar(item.key) && item.key.value === key)
    : undefined;
  return isPair(pair) && isNode(pair.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}

function excerptOf(lines: readonly string[], firstLine: number, { line, column }: Position): string {
  const index = line - firstLine;
  const from = Math.max(0, index - 2);
  const shown = lines.slice(from, index + 2);
  const width = String(firstLine + from + shown.length).length;
  return shown
    .flatMap((text, i) => {
      const number = firstLine + from + i;
      const numbered = `${String(number).padStart(width)} | ${text}`;
      return number === line
        ? [numbered, `${' '.repeat(width)} | ${' '.repeat(Math.max(0, column - 1))}^`]
        : [numbered];
    })
    .join('\n');
}
